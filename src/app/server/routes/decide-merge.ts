import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { decideSchema, decisionSchema } from '../schema.ts';

const route = createRoute({
  method: 'post',
  path: '/api/merges',
  summary: 'Accept or reject a merge',
  request: { body: { required: true, content: { 'application/json': { schema: decideSchema } } } },
  responses: {
    201: { description: 'The decision, which can be taken back.', content: { 'application/json': { schema: decisionSchema } } },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    503: refusals[503],
  },
});

export const decideMergeRoute: Route = (app, { workspace: { store }, notices }) => {
  app.openapi(route, async (c) => {
    const { action, from, to } = c.req.valid('json');
    const { number, at } = await store.decide(action === 'accept' ? { type: 'merge', names: [to, from] } : { type: 'reject', names: [to, from] });
    notices.publish({ event: 'change', topics: ['merges', 'graph'] });
    return c.json({ number, at }, 201);
  });
};
