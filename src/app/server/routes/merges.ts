import { createRoute, z } from '@hono/zod-openapi';
import type { Store, StoredDocument } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import type * as wire from '../schema.ts';
import { mergesSchema } from '../schema.ts';
import { mergeView } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/merges',
  summary: 'Names that were, or could be, taken for one entity',
  request: {
    query: z.strictObject({
      status: z.enum(['proposed', 'merged', 'rejected']).default('proposed'),
      limit: z.coerce.number().int().min(1).max(200).default(40),
      offset: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: { 200: { description: 'Merges, most evidence first.', content: { 'application/json': { schema: mergesSchema } } }, 400: refusals[400] },
});

/** Sentences given for each of the two names. */
const sentencesEach = 2;

/** Puts the sentence around the first places that speak for each name, so that a person can judge; a document is fetched once. */
async function withSentences(merge: wire.Merge, store: Pick<Store, 'document'>, documents: Map<string, Promise<StoredDocument>>): Promise<wire.Merge> {
  const given = new Map<string, number>();
  const evidence = await Promise.all(
    merge.evidence.map(async (place) => {
      const name = place.text.toLowerCase();
      given.set(name, (given.get(name) ?? 0) + 1);
      if (given.get(name)! > sentencesEach) return place;
      const document = documents.get(place.document) ?? store.document(place.document);
      documents.set(place.document, document);
      const { text, sentenceSpans } = await document;
      const around = sentenceSpans.find(({ start, end }) => start <= place.start && end >= place.end);
      return { ...place, sentence: around ? { start: around.start, end: around.end, text: text.slice(around.start, around.end) } : null };
    }),
  );
  return { ...merge, evidence };
}

export const mergesRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const [merges, { proposals }] = await Promise.all([store.merges(c.req.valid('query')), store.counts()]);
    const documents = new Map<string, Promise<StoredDocument>>();
    return c.json({ merges: await Promise.all(merges.map((merge) => withSentences(mergeView(merge), store, documents))), proposals }, 200);
  });
};
