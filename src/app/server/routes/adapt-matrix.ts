import { createRoute } from '@hono/zod-openapi';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import { matrixRequestSchema } from '../adapt-schema.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'post',
  path: '/api/adapt/matrix',
  summary: 'Measure what learning one task after another did to each',
  description:
    'Asks the model of every stage the held-out samples of all. Cancelled or killed, it goes on from there when it is asked for again. `GET /api/adapt/matrix` has the scores then, `GET /api/adapt/compare` the page.',
  request: { body: { required: true, content: { 'application/json': { schema: matrixRequestSchema } } } },
  responses: {
    202: {
      description: 'The run, which goes on by itself; its `result` holds averageScore, backwardTransfer, forgetting and forwardTransfer.',
      content: { 'application/json': { schema: runSchema } },
    },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    503: refusals[503],
  },
});

export const adaptMatrixRoute: Route = (app, { adapting, jobs, readOnly, notices }) => {
  app.openapi(route, async (c) => {
    const { runs } = c.req.valid('json');
    if (readOnly)
      throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
    for (const name of runs) await adapting.finished(name);
    const job = jobs.start({ kind: 'adapt', title: `Matrix of ${runs.join(', ')}` }, async ({ signal, progress }) => {
      const result = await adapting.measureMatrix(runs, { signal, onProgress: progress });
      notices.publish({ event: 'change', topics: ['adapted'] });
      return { result, skipped: [] };
    });
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
};
