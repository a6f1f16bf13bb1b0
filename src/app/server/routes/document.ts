import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { documentSchema } from '../schema.ts';
import { documentSummary, pagePosition } from '../view.ts';
import { fileOf } from './document-file.ts';

const route = createRoute({
  method: 'get',
  path: '/api/documents/{id}',
  summary: 'A document with its text, pages and mentions',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: { 200: { description: 'The document.', content: { 'application/json': { schema: documentSchema } } }, 404: refusals[404] },
});

export const documentRoute: Route = (app, context) => {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const document = await context.workspace.store.document(id);
    const { text, sentenceSpans, pages, resolved } = document;
    const mentions = resolved.map(({ start, end, kind, score, entity, name, via }) => ({ start, end, kind, score, entity, name, via }));
    const spans = sentenceSpans.map(({ start, end }) => ({ start, end }));
    const hasFile = (await fileOf(context, id)) !== null;
    return c.json({ ...documentSummary(document), text, sentenceSpans: spans, pages: pages.map(pagePosition), resolved: mentions, hasFile }, 200);
  });
};
