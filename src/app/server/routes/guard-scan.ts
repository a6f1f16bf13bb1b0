import { createRoute } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { scannedSchema, scanSchema } from '../guard-schema.ts';
import { refusals } from '../problem.ts';

const route = createRoute({
  method: 'post',
  path: '/api/guard/scan',
  summary: 'What in a document looks injected; no language model is asked',
  request: { body: { required: true, content: { 'application/json': { schema: scanSchema } } } },
  responses: {
    200: { description: 'Its segments, judged.', content: { 'application/json': { schema: scannedSchema } } },
    400: refusals[400],
    404: refusals[404],
  },
});

export const guardScanRoute: Route = (app, { guarding, guards }) => {
  app.openapi(route, async (c) => {
    const { document, instruction, guard } = c.req.valid('json');
    return c.json(await guarding.scan(document, instruction, guard === undefined ? undefined : await guards.settings(guard)), 200);
  });
};
