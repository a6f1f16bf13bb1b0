import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';

const route = createRoute({
  method: 'delete',
  path: '/api/models/loaded',
  summary: 'Release the loaded model and its memory; answers under way may end first',
  responses: { 204: { description: 'None is loaded.' } },
});

export const releaseModelRoute: Route = (app, { heldModel }) => {
  app.openapi(route, async (c) => {
    await heldModel.release();
    return c.body(null, 204);
  });
};
