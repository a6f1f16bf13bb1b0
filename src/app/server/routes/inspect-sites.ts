import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { modelQuerySchema, sitesSchema } from '../inspect-schema.ts';
import { knownModel } from '../known-model.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'get',
  path: '/api/inspect/sites',
  summary: 'The places of a model that can be looked at and edited, with their shapes',
  request: { query: modelQuerySchema },
  responses: {
    200: { description: 'Sites in the order in which they are computed.', content: { 'application/json': { schema: sitesSchema } } },
    400: refusals[400],
    404: refusals[404],
    422: { ...refusals[400], description: 'It is no model that writes text.' },
  },
});

export const inspectSitesRoute: Route = (app, { models, inspecting }) => {
  app.openapi(route, async (c) => {
    const { model } = c.req.valid('query');
    await knownModel(models, model);
    return c.json(await inspecting.sites(model), 200);
  });
};
