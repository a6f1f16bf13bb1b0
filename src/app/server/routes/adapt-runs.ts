import { createRoute } from '@hono/zod-openapi';
import { adaptRunDetailsSchema, adaptRunsSchema, runNameSchema } from '../adapt-schema.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';

const list = createRoute({
  method: 'get',
  path: '/api/adapt/runs',
  summary: 'Runs of this workspace that teach a model, newest first',
  responses: { 200: { description: 'Runs, over and not.', content: { 'application/json': { schema: adaptRunsSchema } } } },
});
const show = createRoute({
  method: 'get',
  path: '/api/adapt/runs/{name}',
  summary: 'One of them, with its losses',
  request: { params: runNameSchema },
  responses: { 200: { description: 'The run.', content: { 'application/json': { schema: adaptRunDetailsSchema } } }, 400: refusals[400], 404: refusals[404] },
});

export const adaptRunsRoute: Route = (app, { adapting }) => {
  app.openapi(list, async (c) => c.json({ runs: await adapting.runs(), sample: adapting.sample ?? null }, 200));
  app.openapi(show, async (c) => c.json(await adapting.run(c.req.valid('param').name), 200));
};
