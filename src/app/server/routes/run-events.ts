import { createRoute, z } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/runs/{id}/events',
  summary: 'Progress of a run as server-sent events',
  description: 'Events are called `run` and carry the whole run. `Last-Event-ID` resumes; the stream ends with the run.',
  request: { params: z.object({ id: z.string().max(100) }), headers: z.object({ 'last-event-id': z.coerce.number().int().min(0).optional() }) },
  responses: { 200: { description: 'Events.', content: { 'text/event-stream': { schema: z.string() } } }, 404: refusals[404], 503: refusals[503] },
});

export const runEventsRoute: Route = (app, { jobs, streams }) => {
  app.openapi(route, (c) => {
    const { id } = c.req.valid('param');
    if (!jobs.find(id)) throw new NotFoundError(`runs: expected the id of a run, got ${JSON.stringify(id)}; GET /api/runs lists them.`);
    const after = c.req.valid('header')['last-event-id'] ?? 0;
    return streams.open(c, (send) =>
      jobs.subscribe(id, after, ({ number, job }) => send({ id: number, event: 'run', data: runView(job), last: job.endedAt !== null })),
    );
  });
};
