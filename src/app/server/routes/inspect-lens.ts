import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { lensReadSchema, lensSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/inspect/lens',
  summary: 'What a model would say after every block of a text',
  request: { body: { required: true, content: { 'application/json': { schema: lensSchema } } } },
  responses: {
    200: { description: 'What was seen.', content: { 'application/json': { schema: lensReadSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
    503: refusals[503],
  },
});

export const inspectLensRoute: Route = (app, { models, inspecting }) => {
  app.openapi(route, async (c) => {
    const { model, prompt, last, top, special } = c.req.valid('json');
    await knownModel(models, model);
    return c.json(await inspecting.lens(model, prompt, { last, top, special }), 200);
  });
};
