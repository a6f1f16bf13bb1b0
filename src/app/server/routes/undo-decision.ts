import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { decisionSchema } from '../schema.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/decisions/{number}',
  summary: 'Take a decision back',
  request: { params: z.object({ number: z.coerce.number().int().min(1) }) },
  responses: {
    200: { description: 'The log line that took it back.', content: { 'application/json': { schema: decisionSchema } } },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    503: refusals[503],
  },
});

export const undoDecisionRoute: Route = (app, { workspace: { store }, notices }) => {
  app.openapi(route, async (c) => {
    const { number, at } = await store.decide({ type: 'undo', number: c.req.valid('param').number });
    notices.publish({ event: 'change', topics: ['merges', 'graph'] });
    return c.json({ number, at }, 200);
  });
};
