import { createRoute } from '@hono/zod-openapi';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import { combineRequestSchema } from '../adapt-schema.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'post',
  path: '/api/adapt/combine',
  summary: 'Mix the adapters of finished runs, token by token and without training',
  description: 'Asks the mixture what each of the runs held out, and about the world; it ends with a report and an adapter, as a run that trained does.',
  request: { body: { required: true, content: { 'application/json': { schema: combineRequestSchema } } } },
  responses: {
    202: {
      description:
        'The run, which goes on by itself; `subject` is the name of the mixture. Its `result` holds taskBefore, taskAfter, knowledgeBefore and knowledgeAfter.',
      content: { 'application/json': { schema: runSchema } },
    },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    503: refusals[503],
  },
});

export const adaptCombineRoute: Route = (app, { adapting, jobs, readOnly, notices }) => {
  app.openapi(route, async (c) => {
    const request = c.req.valid('json');
    if (readOnly)
      throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
    for (const name of request.runs) await adapting.finished(name);
    const subject = adapting.combinedName(request);
    const job = jobs.start({ kind: 'adapt', title: `Mix ${request.runs.join(', ')}`, subject }, async ({ signal, progress }) => {
      try {
        return { result: await adapting.combine(request, { signal, onProgress: progress }), skipped: [] };
      } finally {
        notices.publish({ event: 'change', topics: ['adapted'] });
      }
    });
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
};
