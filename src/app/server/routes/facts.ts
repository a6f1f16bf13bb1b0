import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { factsSchema } from '../schema.ts';
import { factView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/facts',
  summary: 'Facts, best supported first',
  request: {
    query: z.strictObject({
      document: z.string().max(100).optional(),
      entity: z.string().max(100).optional(),
      relation: z.string().max(100).optional(),
      minSupport: z.coerce.number().int().min(1).default(1),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      offset: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: { 200: { description: 'Facts without their sentences.', content: { 'application/json': { schema: factsSchema } } }, 400: refusals[400] },
});

export const factsRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { document, entity, relation, minSupport, limit, offset } = c.req.valid('query');
    const facts = await store.facts({ minSupport, limit, offset, ...(document && { document }), ...(entity && { entity }), ...(relation && { relation }) });
    return c.json({ facts: facts.map(factView) }, 200);
  });
};
