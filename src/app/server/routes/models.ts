import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import type { HeldState } from '../held-model.ts';
import { type Models, modelsSchema } from '../models-schema.ts';

const route = createRoute({
  method: 'get',
  path: '/api/models',
  summary: 'Language models of this machine, and the one that is loaded',
  responses: { 200: { description: 'Models.', content: { 'application/json': { schema: modelsSchema } } } },
});

const loadedView = ({ info, adapter, guard, busy, load, idleMs }: HeldState): Models['loaded'] => ({
  name: info.name,
  family: info.family,
  parameters: info.parameters,
  context: info.context,
  weights: info.weights,
  chats: info.hasChatTemplate,
  busy,
  memoryBytes: load?.memoryBytes ?? null,
  cacheBytes: load?.cacheBytes ?? null,
  adapter,
  guard,
  idleReleaseSeconds: Math.round(idleMs / 1000),
});

export const modelsRoute: Route = (app, { models, heldModel }) => {
  app.openapi(route, async (c) => {
    const [{ models: here, available }, held] = await Promise.all([models.list(), heldModel.state()]);
    return c.json(
      {
        models: here.map(({ name, sizeBytes, licence, family, parameters, context, generates }) => ({
          name,
          sizeBytes,
          licence,
          family,
          parameters,
          context,
          generates,
        })),
        available: available.map(({ name, about, sizeBytes, licence }) => ({ name, about, sizeBytes, licence })),
        loaded: held && loadedView(held),
      },
      200,
    );
  });
};
