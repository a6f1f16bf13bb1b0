import type { z } from '@hono/zod-openapi';
import { ConfigError } from '../../../core/index.ts';
import type { Route } from '../context.ts';
import { retrievalRequestSchema, retrievalResultSchema } from '../inspect-retrieval-schema.ts';
import { knownModel } from '../known-model.ts';
import { sendReport } from '../send-report.ts';
import { runView } from '../view.ts';
import { beginInspecting, beginRoute, reportRoute, resultRoute } from './inspect-runs.ts';

const path = '/api/inspect/retrieval';
const begin = beginRoute(path, retrievalRequestSchema, {
  summary: 'Study how a model fetches an answer, component by component, before and after its request was moved',
  description:
    'One run of this kind or of the retrieval tasks works at a time. Cancelled or killed, it goes on after its last finished story when it is started again.',
  run: 'The run, which goes on by itself; `subject` is the model.',
});
const result = resultRoute(path, retrievalResultSchema, 'What the study came to for a model when it last finished');
const report = reportRoute(path);

export const inspectRetrievalRoute: Route = (app, { models, inspecting, ...context }) => {
  app.openapi(begin, async (c) => {
    const { model, ...settings } = c.req.valid('json');
    await knownModel(models, model);
    await checkVariables(settings.source, settings.target);
    const job = beginInspecting(context, { model, title: `How ${model} fetches an answer` }, ({ signal, progress }) =>
      inspecting.retrieval(model, settings, { signal, onProgress: progress }),
    );
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
