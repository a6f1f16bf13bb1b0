import { createRoute, z } from '@hono/zod-openapi';
import { FormatError } from '../../../core/index.ts';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { uploadSchema } from '../schema.ts';

const route = createRoute({
  method: 'put',
  path: '/api/uploads',
  summary: 'Hand over a file to be read',
  request: {
    query: z.strictObject({ name: z.string().min(1).max(300) }),
    body: { required: true, content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } } },
  },
  responses: {
    201: { description: 'Kept; its id goes into POST /api/read.', content: { 'application/json': { schema: uploadSchema } } },
    400: refusals[400],
    409: refusals[409],
    503: refusals[503],
  },
});

export const uploadRoute: Route = (app, { uploads, readOnly }) => {
  app.openapi(route, async (c) => {
    if (readOnly || !uploads)
      throw new ReadOnlyError('workspace: expected one that takes files, got a read-only one; give rights to write to its folder, then open it again.');
    const body = c.req.raw.body;
    if (!body) throw new FormatError('body: expected the bytes of a file, got nothing; send them as application/octet-stream.');
    const stored = await uploads.add(c.req.valid('query').name, body);
    if (!stored) throw new BusyError('uploads: expected less in all, got more than the server keeps; read large folders by path.', null);
    return c.json({ id: stored.id, name: stored.name, sizeBytes: stored.sizeBytes }, 201);
  });
};
