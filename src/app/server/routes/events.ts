import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/events',
  summary: 'What changes in this workspace, as server-sent events',
  description: '`change` carries `{topics}`: fetch again what hangs on them. `run` carries a run. Nothing is replayed: fetch everything again after a gap.',
  responses: { 200: { description: 'Events.', content: { 'text/event-stream': { schema: z.string() } } }, 503: refusals[503] },
});

export const eventsRoute: Route = (app, { notices, streams }) => {
  app.openapi(route, (c) =>
    streams.open(c, (send) =>
      notices.listen((notice) =>
        send(notice.event === 'run' ? { event: 'run', data: runView(notice.job) } : { event: 'change', data: { topics: notice.topics } }),
      ),
    ),
  );
};
