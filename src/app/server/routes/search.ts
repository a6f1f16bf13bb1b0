import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { searchSchema } from '../schema.ts';
import { documentSummary, entitySummary } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/search',
  summary: 'Entities, documents and sentences that hold the words',
  request: { query: z.strictObject({ q: z.string().max(200), limit: z.coerce.number().int().min(1).max(100).default(8) }) },
  responses: { 200: { description: 'The best of each.', content: { 'application/json': { schema: searchSchema } } }, 400: refusals[400] },
});

export const searchRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { q, limit } = c.req.valid('query');
    const query = q.trim();
    if (query === '') return c.json({ query, documents: [], entities: [], sentences: [] }, 200);
    const [documents, entities, sentences] = await Promise.all([
      store.documents({ text: query, limit }),
      store.search(query, { limit }),
      store.searchSentences(query, { limit }),
    ]);
    return c.json(
      {
        query,
        documents: documents.map(documentSummary),
        entities: entities.map((hit) => ({ ...entitySummary(hit), matched: hit.matched })),
        sentences: sentences.map(({ start, end, document, documentName, text, page }) => ({ start, end, document, documentName, text, page })),
      },
      200,
    );
  });
};
