import { createRoute } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import { ReadOnlyError } from '../../../knowledge/index.ts';
import { lookRequestSchema, lookSchema } from '../adapt-schema.ts';
import type { Route } from '../context.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/adapt/look',
  summary: 'See what training data holds before anything is trained',
  request: { body: { required: true, content: { 'application/json': { schema: lookRequestSchema } } } },
  responses: {
    200: { description: 'What was recognised.', content: { 'application/json': { schema: lookSchema } } },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    503: refusals[503],
  },
});

export const adaptLookRoute: Route = (app, { adapting, uploads, models, readOnly }) => {
  app.openapi(route, async (c) => {
    const { upload, path, documents, model, kindField } = c.req.valid('json');
    if (readOnly && path === undefined)
      throw new ReadOnlyError('workspace: expected one that takes files, got a read-only one; give rights to write to its folder, then open it again.');
    if (model !== undefined) await knownModel(models, model);
    const dropped = upload === undefined ? undefined : uploads?.find(upload);
    if (upload !== undefined && !dropped) throw new NotFoundError(`uploads: expected the id of an upload, got ${upload}; PUT /api/uploads first.`);
    const data = dropped ? await adapting.keep(dropped) : documents ? await adapting.documents() : path!;
    return c.json(await adapting.look(data, { model, kindField }, c.req.raw.signal), 200);
  });
};
