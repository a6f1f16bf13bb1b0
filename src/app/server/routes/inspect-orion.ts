import { createRoute, z } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { modelQuerySchema, orionRequestSchema, orionResultSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { sendReport } from '../send-report.ts';
import { runView } from '../view.ts';

const noWriter = { ...refusals[400], description: 'It is no model that writes text.' };

const begin = createRoute({
  method: 'post',
  path: '/api/inspect/orion',
  summary: 'Put the retrieval tasks to a model: does it keep the request apart from the context, and where',
  description: 'One such run works at a time. Cancelled or killed, it goes on after its last finished task when it is started again.',
  request: { body: { required: true, content: { 'application/json': { schema: orionRequestSchema } } } },
  responses: {
    202: {
      description: 'The run, which goes on by itself; `subject` is the model. Tasks that this model cannot be given are in its `skipped`.',
      content: { 'application/json': { schema: runSchema } },
    },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    422: noWriter,
    503: refusals[503],
  },
});
const result = createRoute({
  method: 'get',
  path: '/api/inspect/orion',
  summary: 'What the retrieval tasks came to for a model when they were last put to it',
  request: { query: modelQuerySchema },
  responses: {
    200: { description: 'The figures.', content: { 'application/json': { schema: orionResultSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: noWriter,
  },
});
const report = createRoute({
  method: 'get',
  path: '/api/inspect/orion/report',
  summary: 'The same, to be read',
  request: { query: modelQuerySchema },
  responses: {
    200: { description: 'A page that needs nothing else and runs nothing.', content: { 'text/html': { schema: z.string() } } },
    400: refusals[400],
    404: refusals[404],
    422: noWriter,
  },
});

export const inspectOrionRoute: Route = (app, { models, inspecting, jobs, readOnly }) => {
  app.openapi(begin, async (c) => {
    const { model, ...settings } = c.req.valid('json');
    await knownModel(models, model);
    if (settings.tasks) await checkTasks(settings.tasks);
    if (readOnly)
      throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
    const job = jobs.start({ kind: 'inspect', title: `Retrieval tasks of ${model}`, subject: model }, ({ signal, progress }) =>
      inspecting.orion(model, settings, { signal, onProgress: progress }),
    );
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
  app.openapi(result, async (c) => {
    const { model } = c.req.valid('query');
    await knownModel(models, model);
    return c.json(JSON.parse(await inspecting.orionFile(model, 'result')) as z.infer<typeof orionResultSchema>, 200);
  });
  app.openapi(report, async (c) => {
    const { model } = c.req.valid('query');
    await knownModel(models, model);
    return sendReport(c, await inspecting.orionFile(model, 'report'));
  });
};

/** Files of tasks are for who may name files: a page must not make the server open any. @throws NotFoundError */
const checkTasks = async (names: readonly string[]): Promise<void> => {
  const { orionTasks } = await import('../../../inspect/index.ts');
  const known = orionTasks();
  const other = names.find((name) => !known.some(({ family, variant }) => name === family || name === `${family}/${variant}`));
  if (other !== undefined)
    throw new NotFoundError(
      `inspect orion: expected tasks among ${[...new Set(known.map(({ family }) => family))].join(', ')}, got ${JSON.stringify(other)}; name another`,
    );
};
