import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { factSchema } from '../schema.ts';
import { factView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/facts/{id}',
  summary: 'A fact with the sentences that state it',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: { 200: { description: 'The fact.', content: { 'application/json': { schema: factSchema } } }, 404: refusals[404] },
});

export const factRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => c.json(factView(await store.fact(c.req.valid('param').id)), 200));
};
