import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { trendsSchema } from '../schema.ts';
import { entitySummary } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/trends',
  summary: 'A relation of an entity over the years',
  request: {
    query: z.strictObject({
      entity: z.string().max(100),
      relation: z.string().max(100).default('USED-FOR'),
      role: z.enum(['subject', 'object']).default('subject'),
      kind: z.string().max(100).optional().openapi({ description: 'Kind of the entities at the other end.' }),
      limit: z.coerce.number().int().min(1).max(20).default(8),
    }),
  },
  responses: {
    200: { description: 'One series an entity at the other end.', content: { 'application/json': { schema: trendsSchema } } },
    400: refusals[400],
    404: refusals[404],
  },
});

export const trendsRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { entity: id, relation, role, kind, limit } = c.req.valid('query');
    const entity = await store.entity(id);
    const found = await store.trends({ entity: entity.id, relation, role, limit, ...(kind && { kind }) });
    const series = found.map(({ entity: other, points }) => ({
      entity: entitySummary(other),
      points: points.map(({ year, documents, of, share }) => ({ year, documents, of, share })),
    }));
    return c.json({ entity: entitySummary(entity), relation, role, series }, 200);
  });
};
