import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { attentionReadSchema, attentionSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/inspect/attention',
  summary: 'Which earlier tokens each token of a text reads, head by head',
  request: { body: { required: true, content: { 'application/json': { schema: attentionSchema } } } },
  responses: {
    200: { description: 'What was seen.', content: { 'application/json': { schema: attentionReadSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
    503: refusals[503],
  },
});

export const inspectAttentionRoute: Route = (app, { models, inspecting }) => {
  app.openapi(route, async (c) => {
    const { model, prompt, ...options } = c.req.valid('json');
    await knownModel(models, model);
    return c.json(await inspecting.attention(model, prompt, options), 200);
  });
};
