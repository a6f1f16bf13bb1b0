import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { runsSchema } from '../schema.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/runs',
  summary: 'Runs of this server, newest first',
  responses: { 200: { description: 'Runs.', content: { 'application/json': { schema: runsSchema } } } },
});

export const runsRoute: Route = (app, { jobs }) => {
  app.openapi(route, (c) => c.json({ runs: jobs.list().map(runView) }, 200));
};
