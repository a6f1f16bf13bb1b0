import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { graphSchema } from '../schema.ts';
import { graphView, narrow } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/graph',
  summary: 'The best-supported part of the knowledge graph',
  request: {
    query: z.strictObject({
      near: z.string().max(100).optional().openapi({ description: 'Entity id: only what lies around it.' }),
      hops: z.coerce.number().int().min(1).max(3).default(2),
      kinds: z.string().max(1000).optional().openapi({ description: 'Kinds of entity, separated by commas.' }),
      relations: z.string().max(1000).optional().openapi({ description: 'Relations, separated by commas.' }),
      minSupport: z.coerce.number().int().min(1).default(1).openapi({ description: 'Sentences that must state a fact.' }),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000).openapi({ description: 'Entities.' }),
    }),
  },
  responses: {
    200: { description: 'Entities and the facts among them.', content: { 'application/json': { schema: graphSchema } } },
    400: refusals[400],
    404: refusals[404],
  },
});

export const graphRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { near, hops, kinds, relations, minSupport, limit } = c.req.valid('query');
    const wantedKinds = kinds?.split(',').filter(Boolean) ?? [];
    const found = near
      ? await store.neighbourhood(near, { hops, limit, minSupport })
      : await store.overview({ limit, minSupport, ...(wantedKinds.length > 0 && { kinds: wantedKinds }) });
    return c.json(graphView(narrow(found, { kinds: wantedKinds, relations: relations?.split(',').filter(Boolean) ?? [], keep: near })), 200);
  });
};
