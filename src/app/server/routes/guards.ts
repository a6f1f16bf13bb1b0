import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { guardsSchema } from '../guard-schema.ts';
import type { LocalGuard } from '../local-guards.ts';

const route = createRoute({
  method: 'get',
  path: '/api/guards',
  summary: 'Guards that a model can be loaded with: the one that ships with Lyceum, and those of this workspace',
  responses: { 200: { description: 'Guards.', content: { 'application/json': { schema: guardsSchema } } } },
});

const view = ({ name, settings, trouble }: LocalGuard) => ({
  name,
  model: settings?.model?.name ?? null,
  policy: settings?.policy ?? ('guarded' as const),
  injected: settings?.injected ?? 1,
  restated: settings?.restated?.above ?? null,
  held: settings?.request?.hold ? settings.request.layer : null,
  apart: settings?.request?.apart ?? null,
  trouble,
});

export const guardsRoute: Route = (app, { guards }) => {
  app.openapi(route, async (c) => c.json({ guards: (await guards.list()).map(view) }, 200));
};
