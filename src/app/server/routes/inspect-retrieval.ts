import { createRoute, z } from '@hono/zod-openapi';
import { ConfigError } from '../../../core/index.ts';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { retrievalRequestSchema, retrievalResultSchema } from '../inspect-retrieval-schema.ts';
import { modelQuerySchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';
import { sendReport } from '../send-report.ts';
import { runView } from '../view.ts';

const noWriter = { ...refusals[400], description: 'It is no model that writes text.' };

const begin = createRoute({
  method: 'post',
  path: '/api/inspect/retrieval',
  summary: 'Study how a model fetches an answer, component by component, before and after its request was moved',
  description:
    'One run of this kind or of the retrieval tasks works at a time. Cancelled or killed, it goes on after its last finished story when it is started again.',
  request: { body: { required: true, content: { 'application/json': { schema: retrievalRequestSchema } } } },
  responses: {
    202: { description: 'The run, which goes on by itself; `subject` is the model.', content: { 'application/json': { schema: runSchema } } },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    422: noWriter,
    503: refusals[503],
  },
});
const result = createRoute({
  method: 'get',
  path: '/api/inspect/retrieval',
  summary: 'What the study came to for a model when it last finished',
  request: { query: modelQuerySchema },
  responses: {
    200: { description: 'The figures.', content: { 'application/json': { schema: retrievalResultSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: noWriter,
  },
});
const report = createRoute({
  method: 'get',
  path: '/api/inspect/retrieval/report',
  summary: 'The same, to be read',
  request: { query: modelQuerySchema },
  responses: {
    200: { description: 'A page that needs nothing else and runs nothing.', content: { 'text/html': { schema: z.string() } } },
    400: refusals[400],
    404: refusals[404],
    422: noWriter,
  },
});

export const inspectRetrievalRoute: Route = (app, { models, inspecting, jobs, readOnly }) => {
  app.openapi(begin, async (c) => {
    const { model, ...settings } = c.req.valid('json');
    await knownModel(models, model);
    await checkVariables(settings.source, settings.target);
    if (readOnly)
      throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
    const job = jobs.start({ kind: 'inspect', title: `How ${model} fetches an answer`, subject: model }, ({ signal, progress }) =>
      inspecting.retrieval(model, settings, { signal, onProgress: progress }),
    );
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
  app.openapi(result, async (c) => {
    const { model } = c.req.valid('query');
    await knownModel(models, model);
    return c.json(JSON.parse(await inspecting.retrievalFile(model, 'result')) as z.infer<typeof retrievalResultSchema>, 200);
  });
  app.openapi(report, async (c) => {
    const { model } = c.req.valid('query');
    await knownModel(models, model);
    return sendReport(c, await inspecting.retrievalFile(model, 'report'));
  });
};

/** What can be known before the model is opened. @throws ConfigError */
const checkVariables = async (...named: readonly (string | undefined)[]): Promise<void> => {
  const { builtinStories } = await import('../../../inspect/index.ts');
  const known = new Set(builtinStories().questions.map(({ variable }) => variable));
  const other = named.find((name) => name !== undefined && !known.has(name));
  if (other !== undefined)
    throw new ConfigError(`inspect retrieval: expected variables among ${[...known].join(', ')}, got ${JSON.stringify(other)}; name another`);
};
