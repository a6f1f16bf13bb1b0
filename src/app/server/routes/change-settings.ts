import { createRoute } from '@hono/zod-openapi';
import { changeSettings } from '../../change-settings.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { changedSettingsSchema, wantedSettingsSchema } from '../schema.ts';

const route = createRoute({
  method: 'post',
  path: '/api/settings',
  summary: 'Change how rare names are merged',
  request: { body: { required: true, content: { 'application/json': { schema: wantedSettingsSchema } } } },
  responses: {
    200: { description: 'The settings that hold now.', content: { 'application/json': { schema: changedSettingsSchema } } },
    400: refusals[400],
    409: refusals[409],
    503: refusals[503],
  },
});

export const changeSettingsRoute: Route = (app, { workspace: { store }, notices }) => {
  app.openapi(route, async (c) => {
    const {
      settings: { contains, threshold },
      decisions,
    } = await changeSettings(store, c.req.valid('json'));
    if (decisions.length > 0) notices.publish({ event: 'change', topics: ['merges', 'graph'] });
    return c.json({ contains, threshold, decisions: decisions.map(({ number, at }) => ({ number, at })) }, 200);
  });
};
