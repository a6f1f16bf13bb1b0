import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { attributedSchema, attributeSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/inspect/attribute',
  summary: 'Which components of a model speak for its answer',
  request: { body: { required: true, content: { 'application/json': { schema: attributeSchema } } } },
  responses: {
    200: { description: 'What was seen.', content: { 'application/json': { schema: attributedSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
    503: refusals[503],
  },
});

export const inspectAttributeRoute: Route = (app, { models, inspecting }) => {
  app.openapi(route, async (c) => {
    const { model, prompt, ...options } = c.req.valid('json');
    await knownModel(models, model);
    return c.json(await inspecting.attribute(model, prompt, options), 200);
  });
};
