import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { entitiesSchema } from '../schema.ts';
import { entitySummary } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/entities',
  summary: 'Entities, most mentioned first',
  request: {
    query: z.strictObject({
      text: z.string().max(200).optional(),
      kind: z.string().max(100).optional(),
      document: z.string().max(100).optional(),
      limit: z.coerce.number().int().min(1).max(5000).default(1000),
      offset: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: { 200: { description: 'Entities.', content: { 'application/json': { schema: entitiesSchema } } }, 400: refusals[400] },
});

export const entitiesRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { text, kind, document, limit, offset } = c.req.valid('query');
    const found = text?.trim()
      ? await store.search(text, { limit, ...(kind && { kind }) })
      : await store.entities({ limit, offset, ...(kind && { kind }), ...(document && { document }) });
    return c.json({ entities: found.map(entitySummary) }, 200);
  });
};
