import type { ServingRoute } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { servedModels } from '../served-models.ts';

/** `GET /v1/models` and `GET /v1/models/{id}`. */
export const modelsRoute: ServingRoute = (app, serving) => {
  app.get('/v1/models', (c) => c.json({ object: 'list', data: servedModels(serving) }));
  // Names of models from a hub have slashes.
  app.get('/v1/models/:id{.+}', (c) => {
    const id = c.req.param('id');
    const found = servedModels(serving).find((model) => model.id === id);
    if (!found)
      throw new Refusal(404, `model: expected a name that /v1/models lists, got ${JSON.stringify(id.slice(0, 200))}; use one of these`, {
        code: 'model_not_found',
        param: 'model',
      });
    return c.json(found);
  });
};
