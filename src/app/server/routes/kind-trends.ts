import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { kindTrendsSchema } from '../schema.ts';

const kind = z.string().min(1).max(100);
const route = createRoute({
  method: 'get',
  path: '/api/trends/kinds',
  summary: 'Relations between two kinds of entity over the years',
  request: {
    query: z.strictObject({
      subject: kind.openapi({ description: 'Kind of the subjects.' }),
      object: kind.openapi({ description: 'Kind of the objects.' }),
      relation: z.string().max(100).optional().openapi({ description: 'Only this relation.' }),
    }),
  },
  responses: {
    200: { description: 'One series a relation, most documents first.', content: { 'application/json': { schema: kindTrendsSchema } } },
    400: refusals[400],
  },
});

export const kindTrendsRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { subject, object, relation } = c.req.valid('query');
    const found = await store.kindTrends({ subject, object, ...(relation && { relation }) });
    const series = found.map(({ relation: label, points }) => ({
      relation: label,
      points: points.map(({ year, documents, of, share }) => ({ year, documents, of, share })),
    }));
    return c.json({ subject, object, series }, 200);
  });
};
