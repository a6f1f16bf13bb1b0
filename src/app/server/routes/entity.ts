import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { entitySchema } from '../schema.ts';
import { entitySummary, factView, mergeView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/entities/{id}',
  summary: 'An entity with its names, facts and sentences',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: { 200: { description: 'The entity.', content: { 'application/json': { schema: entitySchema } } }, 404: refusals[404] },
});

export const entityRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const entity = await store.entity(id);
    const [facts, mentions] = await Promise.all([store.facts({ entity: entity.id, limit: 200, sources: 1 }), store.mentions(entity.id, { limit: 50 })]);
    const mentionList = mentions.map(({ start, end, document, documentName, text, page, mention }) => ({
      start,
      end,
      document,
      documentName,
      text,
      page,
      mention: { start: mention.start, end: mention.end },
    }));
    const names = entity.names.map(({ name, mentions: count }) => ({ name, mentions: count }));
    return c.json(
      { ...entitySummary(entity), kinds: { ...entity.kinds }, names, merges: entity.merges.map(mergeView), factList: facts.map(factView), mentionList },
      200,
    );
  });
};
