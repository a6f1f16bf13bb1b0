import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { headsSchema, headsScoredSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/inspect/heads',
  summary: 'What kinds of heads a model has: previous token, duplicate token, induction, copying',
  request: { body: { required: true, content: { 'application/json': { schema: headsSchema } } } },
  responses: {
    200: { description: 'What was seen.', content: { 'application/json': { schema: headsScoredSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
    503: refusals[503],
  },
});

export const inspectHeadsRoute: Route = (app, { models, inspecting }) => {
  app.openapi(route, async (c) => {
    const { model, ...options } = c.req.valid('json');
    await knownModel(models, model);
    return c.json(await inspecting.heads(model, options), 200);
  });
};
