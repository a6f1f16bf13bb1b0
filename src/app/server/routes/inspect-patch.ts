import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { patchedSchema, patchSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/inspect/patch',
  summary: 'Put what one prompt’s last token holds into another’s, after every block',
  request: { body: { required: true, content: { 'application/json': { schema: patchSchema } } } },
  responses: {
    200: { description: 'What was seen.', content: { 'application/json': { schema: patchedSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
    503: refusals[503],
  },
});

export const inspectPatchRoute: Route = (app, { models, inspecting }) => {
  app.openapi(route, async (c) => {
    const { model, source, target, top, special } = c.req.valid('json');
    await knownModel(models, model);
    return c.json(await inspecting.patch(model, source, target, { top, special }), 200);
  });
};
