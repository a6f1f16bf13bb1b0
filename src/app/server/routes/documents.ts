import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { documentsSchema } from '../schema.ts';
import { documentSummary } from '../view.ts';

const route = createRoute({
  method: 'get',
  path: '/api/documents',
  summary: 'Documents by name',
  request: {
    query: z.strictObject({
      text: z.string().max(200).optional().openapi({ description: 'A part of the name or title.' }),
      limit: z.coerce.number().int().min(1).max(5000).default(1000),
      offset: z.coerce.number().int().min(0).default(0),
    }),
  },
  responses: { 200: { description: 'Documents.', content: { 'application/json': { schema: documentsSchema } } }, 400: refusals[400] },
});

export const documentsRoute: Route = (app, { workspace: { store } }) => {
  app.openapi(route, async (c) => {
    const { text, limit, offset } = c.req.valid('query');
    const [documents, { documents: total }] = await Promise.all([store.documents({ limit, offset, ...(text && { text }) }), store.counts()]);
    return c.json({ documents: documents.map(documentSummary), total }, 200);
  });
};
