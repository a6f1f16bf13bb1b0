import { createRoute, z } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { runView } from '../view.ts';

const params = z.object({ id: z.string().max(100) });
const answer = { description: 'The run.', content: { 'application/json': { schema: runSchema } } };

const show = createRoute({ method: 'get', path: '/api/runs/{id}', summary: 'One run', request: { params }, responses: { 200: answer, 404: refusals[404] } });
const cancel = createRoute({
  method: 'delete',
  path: '/api/runs/{id}',
  summary: 'Cancel a run; what it has finished stays',
  request: { params },
  responses: { 202: answer, 404: refusals[404] },
});

export const runRoute: Route = (app, { jobs }) => {
  const known = (id: string) => {
    const job = jobs.find(id);
    if (!job) throw new NotFoundError(`runs: expected the id of a run, got ${JSON.stringify(id)}; GET /api/runs lists them.`);
    return job;
  };
  app.openapi(show, (c) => c.json(runView(known(c.req.valid('param').id)), 200));
  app.openapi(cancel, (c) => {
    const { id } = known(c.req.valid('param').id);
    jobs.cancel(id);
    return c.json(runView(known(id)), 202);
  });
};
