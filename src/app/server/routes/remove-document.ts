import { createRoute, z } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/documents/{id}',
  summary: 'Remove a document and whatever only it said',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: { 204: { description: 'Removed.' }, 404: refusals[404], 409: refusals[409], 503: refusals[503] },
});

export const removeDocumentRoute: Route = (app, { workspace: { store }, notices }) => {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const removed = await store.removeDocuments([id]);
    if (removed === 0) throw new NotFoundError(`documents: expected the id of a document, got ${JSON.stringify(id)}; GET /api/documents lists them.`);
    notices.publish({ event: 'change', topics: ['documents', 'graph', 'merges'] });
    return c.body(null, 204);
  });
};
