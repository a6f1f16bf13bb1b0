import { z } from '@hono/zod-openapi';

const mostText = 100_000; // characters; a model's context is what bounds it
const model = z.string().min(1).max(500).openapi({ description: 'A name that `GET /api/models` lists.' });
const text = z.string().max(mostText);
const special = z.boolean().optional().openapi({ description: 'Whether texts get what the model’s tokenizer adds. Default true.' });
const top = z.number().int().min(1).max(10).optional().openapi({ description: 'Likeliest tokens told.' });
const likely = z
  .array(z.object({ id: z.number().int(), token: z.string(), probability: z.number() }))
  .readonly()
  .openapi({ description: 'The best first.' });

export const patchSchema = z.strictObject({ model, source: text, target: text, top, special }).openapi('InspectPatch');
export const patchedSchema = z
  .object({
    sourceTop: likely,
    targetTop: likely,
    layers: z
      .array(z.object({ layer: z.number().int(), top: likely }))
      .readonly()
      .openapi({ description: 'The target’s next tokens, once its last token holds what the source’s held after so many blocks.' }),
  })
  .openapi('InspectPatched');
export type InspectPatched = z.infer<typeof patchedSchema>;

export const lensSchema = z
  .strictObject({
    model,
    prompt: text,
    last: z.number().int().min(1).optional().openapi({ description: 'Only so many of the last places. Default all.' }),
    top,
    special,
  })
  .openapi('InspectLens');
export const lensReadSchema = z
  .object({
    tokens: z.array(z.string()).readonly(),
    layers: z.array(z.object({ layer: z.number().int(), places: z.array(z.object({ place: z.number().int(), top: likely })).readonly() })).readonly(),
  })
  .openapi('InspectLensRead');
export type InspectLensRead = z.infer<typeof lensReadSchema>;

export const sitesSchema = z
  .object({
    model: z.string(),
    layers: z.number().int(),
    sites: z
      .array(z.object({ site: z.string(), dtype: z.string(), shape: z.array(z.union([z.number(), z.string()])).readonly(), meaning: z.string() }))
      .readonly(),
  })
  .openapi('InspectSites');
