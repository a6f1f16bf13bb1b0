import { createRoute, z } from '@hono/zod-openapi';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import type { Job } from '../../jobs.ts';
import { adaptRequestSchema, runNameSchema } from '../adapt-schema.ts';
import type { NamedRun } from '../adapting.ts';
import type { Route } from '../context.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { runView } from '../view.ts';

const started = {
  202: {
    description: 'The run, which goes on by itself; `subject` is its name. Where it is under way already, that one.',
    content: { 'application/json': { schema: runSchema } },
  },
  400: refusals[400],
  404: refusals[404],
  409: refusals[409],
  422: { ...refusals[400], description: 'The model writes no text.' },
  503: refusals[503],
};

const begin = createRoute({
  method: 'post',
  path: '/api/adapt',
  summary: 'Teach a model from data, or work out what that would take',
  description: 'One run trains at a time. Cancelled or killed, it goes on from its last checkpoint when it is started again.',
  request: { body: { required: true, content: { 'application/json': { schema: adaptRequestSchema } } } },
  responses: started,
});
const again = createRoute({
  method: 'post',
  path: '/api/adapt/runs/{name}',
  summary: 'Go on with a run that was stopped',
  request: { params: runNameSchema, body: { content: { 'application/json': { schema: z.strictObject({}) } } } },
  responses: started,
});

export const adaptRoute: Route = (app, { adapting, models, jobs, readOnly, notices }) => {
  const start = (run: NamedRun, dryRun: boolean): Job => {
    if (readOnly)
      throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
    const underWay = dryRun ? undefined : jobs.list().find(({ subject, kind, endedAt }) => kind === 'adapt' && subject === run.name && endedAt === null);
    if (underWay) return underWay;
    const title = dryRun ? `Price of ${run.name}` : `Adapt ${run.name}`;
    const job = jobs.start({ kind: 'adapt', title, subject: dryRun ? null : run.name }, async ({ signal, progress }) => {
      try {
        const { figures, notes } = await adapting.teach(run, { dryRun, signal, onProgress: progress });
        return { result: figures, notes, skipped: [] };
      } finally {
        if (!dryRun) notices.publish({ event: 'change', topics: ['adapted'] });
      }
    });
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return job;
  };
  app.openapi(begin, async (c) => {
    const request = c.req.valid('json');
    await knownModel(models, request.model);
    const job = start(await adapting.name(request), request.dryRun);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
  app.openapi(again, async (c) => {
    const job = start(await adapting.again(c.req.valid('param').name), false);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
};
