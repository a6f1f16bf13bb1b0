import type { z } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import type { Route } from '../context.ts';
import { orionRequestSchema, orionResultSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { sendReport } from '../send-report.ts';
import { runView } from '../view.ts';
import { beginInspecting, beginRoute, reportRoute, resultRoute } from './inspect-runs.ts';

const path = '/api/inspect/orion';
const begin = beginRoute(path, orionRequestSchema, {
  summary: 'Put the retrieval tasks to a model: does it keep the request apart from the context, and where',
  description: 'One such run works at a time. Cancelled or killed, it goes on after its last finished task when it is started again.',
  run: 'The run, which goes on by itself; `subject` is the model. Tasks that this model cannot be given are in its `skipped`.',
});
const result = resultRoute(path, orionResultSchema, 'What the retrieval tasks came to for a model when they were last put to it');
const report = reportRoute(path);

export const inspectOrionRoute: Route = (app, { models, inspecting, ...context }) => {
  app.openapi(begin, async (c) => {
    const { model, ...settings } = c.req.valid('json');
    await knownModel(models, model);
    if (settings.tasks) await checkTasks(settings.tasks);
    const job = beginInspecting(context, { model, title: `Retrieval tasks of ${model}` }, ({ signal, progress }) =>
      inspecting.orion(model, settings, { signal, onProgress: progress }),
    );
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
