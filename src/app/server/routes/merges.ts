import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { mergesSchema } from '../schema.ts';
import { mergeView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/merges',
  summary: 'Names that were, or could be, taken for one entity',
  request: {
    query: z.strictObject({
      status: z.enum(['proposed', 'merged', 'rejected']).default('proposed'),
      limit: z.coerce.number().int().min(1).max(1000).default(200),
      offset: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: { 200: { description: 'Merges, most evidence first.', content: { 'application/json': { schema: mergesSchema } } }, 400: refusals[400] },
});

export const mergesRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const [merges, { proposals }] = await Promise.all([store.merges(c.req.valid('query')), store.counts()]);
    return c.json({ merges: merges.map(mergeView), proposals }, 200);
  });
};
