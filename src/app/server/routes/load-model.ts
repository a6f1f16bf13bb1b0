import { createRoute } from '@hono/zod-openapi';
import { BusyError } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { knownModel } from '../known-model.ts';
import { loadSchema } from '../models-schema.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'post',
  path: '/api/models/load',
  summary: 'Load a model, in the place of the one before: it then answers under /v1',
  request: { body: { required: true, content: { 'application/json': { schema: loadSchema } } } },
  responses: {
    202: { description: 'The run, which goes on by itself.', content: { 'application/json': { schema: runSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
    503: refusals[503],
  },
});

export const loadModelRoute: Route = (app, { models, adapting, guards, heldModel, jobs }) => {
  app.openapi(route, async (c) => {
    const { name, adapter, guard: guardName } = c.req.valid('json');
    await knownModel(models, name);
    const worn = adapter === undefined ? undefined : { name: adapter, folder: await adapting.finished(adapter) };
    const guard = guardName === undefined ? undefined : { name: guardName, settings: await guards.settings(guardName) };
    const title = `${worn ? `Load ${name} as ${adapter} adapted it` : `Load ${name}`}${guard ? ', guarded' : ''}`;
    const job = jobs.start({ kind: 'load', title }, async ({ signal }) => {
      const begun = performance.now();
      const { parameters } = await heldModel.hold(name, signal, { adapter: worn, guard });
      return { result: { parameters, seconds: (performance.now() - begun) / 1000 }, skipped: [] };
    });
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
};
