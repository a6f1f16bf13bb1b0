import { createHash } from 'node:crypto';
import { createRoute } from '@hono/zod-openapi';
import { version } from '../../version.ts';
import type { Route } from '../context.ts';
import { workspaceSchema } from '../schema.ts';

const route = createRoute({
  method: 'get',
  path: '/api/workspace',
  summary: 'What this workspace holds',
  responses: { 200: { description: 'Name and counts.', content: { 'application/json': { schema: workspaceSchema } } } },
});

export const workspaceRoute: Route = (app, { workspace, readOnly }) => {
  const id = createHash('sha256').update(workspace.store.path).digest('hex').slice(0, 16);
  const release = version();
  app.openapi(route, async (c) => {
    const { documents, sentences, mentions, entities, facts, merges, proposals, decisions } = await workspace.store.counts();
    const counts = { documents, sentences, mentions, entities, facts, merges, proposals, decisions };
    return c.json({ id, name: workspace.name, version: release, readOnly, sample: workspace.sample ?? null, counts }, 200);
  });
};
