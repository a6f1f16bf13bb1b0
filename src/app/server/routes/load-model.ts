import { createRoute } from '@hono/zod-openapi';
import { NotFoundError, UnsupportedError } from '../../../core/index.ts';
import { BusyError } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { loadSchema, runSchema } from '../schema.ts';
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

export const loadModelRoute: Route = (app, { models, heldModel, jobs }) => {
  app.openapi(route, async (c) => {
    const { name } = c.req.valid('json');
    // Names only: a page must not make the server open any file of this machine.
    const found = (await models.list()).models.find((model) => model.name === name);
    if (!found)
      throw new NotFoundError(`models: expected a name that GET /api/models lists, got ${JSON.stringify(name)}; \`lyceum models pull\` fetches more.`);
    if (!found.generates) throw new UnsupportedError(`models: expected a model that writes text, got ${name}, which makes vectors of it; choose another.`);
    const job = jobs.start({ kind: 'load', title: `Load ${name}` }, async ({ signal }) => {
      const begun = performance.now();
      const { parameters } = await heldModel.hold(name, signal);
      return { result: { parameters, seconds: (performance.now() - begun) / 1000 }, skipped: [] };
    });
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
};
