import { createRoute, z } from '@hono/zod-openapi';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';

const mostText = 500_000; // characters
const scanSchema = z
  .strictObject({
    document: z.string().max(mostText),
    instruction: z.string().max(10_000).optional().openapi({ description: 'What is to be asked of the document.' }),
  })
  .openapi('GuardScan');
const scannedSchema = z
  .object({
    flagged: z.boolean(),
    score: z.number().openapi({ description: '0 to 1; flagged from 0.5 on.' }),
    segments: z
      .array(
        z.object({
          start: z.number().int(),
          end: z.number().int(),
          text: z.string(),
          injected: z.number().openapi({ description: 'Probability of being injected.' }),
          restated: z.number().openapi({ description: 'Cosine to the instruction.' }),
          suspected: z.boolean(),
        }),
      )
      .readonly(),
    text: z.string().openapi({ description: 'The document without what is suspected.' }),
  })
  .openapi('GuardScanned');

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

export const guardScanRoute: Route = (app, { guarding }) => {
  app.openapi(route, async (c) => {
    const { document, instruction } = c.req.valid('json');
    return c.json(await guarding.scan(document, instruction), 200);
  });
};
