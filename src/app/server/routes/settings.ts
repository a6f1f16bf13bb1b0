import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { settingsSchema } from '../schema.ts';

const route = createRoute({
  method: 'get',
  path: '/api/settings',
  summary: 'How rare names are merged',
  responses: { 200: { description: 'The settings that hold.', content: { 'application/json': { schema: settingsSchema } } } },
});

export const settingsRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { contains, threshold } = await store.settings();
    return c.json({ contains, threshold }, 200);
  });
};
