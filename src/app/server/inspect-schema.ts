import { z } from '@hono/zod-openapi';

const mostText = 100_000; // characters; a model's context is what bounds it
const model = z.string().min(1).max(500).openapi({ description: 'A name that `GET /api/models` lists.' });
export const modelQuerySchema = z.object({ model });
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

const seed = z.number().int().min(0).max(4_294_967_295).optional().openapi({ description: 'Default 0.' });
const share = z.number();
const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });
const curve = z.array(
  z.object({
    layer: z.number().int(),
    tokenProb: interval,
    accuracy: interval.nullable(),
    softMatch: interval.nullable(),
    logitDiff: interval.nullable(),
    separable: interval.nullable(),
    separablePairs: z.number().int(),
  }),
);

export const orionRequestSchema = z
  .strictObject({
    model,
    tasks: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(50)
      .optional()
      .openapi({ description: 'Families such as `induction`, or variants such as `type-hint/geometry`. Default all.' }),
    prompts: z.number().int().min(2).max(1000).optional().openapi({ description: 'Of each task. Default 100.' }),
    pairs: z.number().int().min(1).max(1000).optional().openapi({ description: 'Of each layer. Default 100.' }),
    seed,
  })
  .openapi('InspectOrion');

export const orionResultSchema = z
  .object({
    model: z.string(),
    layers: z.number().int(),
    weights: z.string(),
    prompts: z.number().int(),
    pairs: z.number().int(),
    seed: z.number().int(),
    cells: z
      .object({ passed: z.number().int(), above70: z.number().int() })
      .openapi({ description: 'Families that the model knows, and those of them whose request is moved.' }),
    skipped: z.array(z.object({ family: z.string(), variant: z.string(), reason: z.string() })),
    tasks: z
      .array(
        z.object({
          family: z.string(),
          variant: z.string(),
          n: z.number().int(),
          accuracy: share,
          guess: share,
          tokenProb: share,
          softMatch: share,
          logitDiff: z.number().nullable(),
          passed: z.boolean(),
          chatTemplate: z.boolean(),
          seconds: z.number(),
          L1: z.number().int().nullable(),
          L2: z.number().int().nullable(),
          L3: z.number().int().nullable(),
          requestTransfer: z
            .object({
              max: z.number(),
              ci95: z.tuple([z.number(), z.number()]),
              separable: z.number().nullable(),
              accuracy: z.number().nullable(),
              softMatch: z.number().nullable(),
              logitDiff: z.number().nullable(),
            })
            .nullable(),
          floors: z.object({ requestIsUnaffected: share, requestIsOutput: share }).nullable(),
          curves: z.object({ unaffected: curve, request_transfer: curve, output_transfer: curve }).nullable(),
        }),
      )
      .openapi({ description: 'What every task came to; nulls where the model does not know it, so that nothing was patched.' }),
  })
  .openapi('InspectOrionResult');

const count = z.number().int().min(0);
export const attentionSchema = z
  .strictObject({
    model,
    prompt: text,
    layer: count.optional().openapi({ description: 'The block whose patterns are told, from 0. Default none.' }),
    head: count.optional().openapi({ description: 'Only this head of it.' }),
    top: top.openapi({ description: 'Places told of what the last token reads. Default 3.' }),
    special,
  })
  .openapi('InspectAttention');
export const attentionReadSchema = z
  .object({
    tokens: z.array(z.string()).readonly(),
    layers: z.number().int(),
    heads: z.number().int(),
    last: z
      .array(
        z.object({
          layer: z.number().int(),
          head: z.number().int(),
          reads: z.array(z.object({ place: z.number().int(), weight: z.number() })).readonly(),
        }),
      )
      .readonly()
      .openapi({ description: 'What the last token reads most in every head, the most first.' }),
    patterns: z
      .array(z.object({ layer: z.number().int(), head: z.number().int(), rows: z.array(z.array(z.number()).readonly()).readonly() }))
      .readonly()
      .openapi({ description: 'Of the block asked for: for each token its attention to the tokens up to itself.' }),
  })
  .openapi('InspectAttentionRead');
export type InspectAttentionRead = z.infer<typeof attentionReadSchema>;

const token = z.object({ id: z.number().int(), token: z.string() });
export const attributeSchema = z
  .strictObject({
    model,
    prompt: text,
    answer: text.min(1).optional().openapi({ description: 'What comes next, by its first token. Default: what the model says.' }),
    against: text.min(1).optional().openapi({ description: 'What it is compared with. Default: the likeliest other token.' }),
    baseline: z.array(text).max(20).optional().openapi({ description: 'Prompts whose components’ outputs replace this one’s.' }),
    to: text.min(1).optional().openapi({ description: 'What alone reads it, such as 23.0 or mlp 12; prompts of as many tokens. Default: the last norm.' }),
    from: z.array(text.min(1)).max(2000).optional().openapi({ description: 'Only these are replaced, of those that `to` reads. Default: all.' }),
    special,
  })
  .openapi('InspectAttribute');
export const attributedSchema = z
  .object({
    tokens: z.array(z.string()).readonly(),
    answer: token,
    against: token,
    difference: z.number().openapi({ description: 'Logit of the answer less that of the other.' }),
    baseline: z.number().nullable().openapi({ description: 'The same of the baseline prompts.' }),
    to: z.string().nullable().optional().openapi({ description: 'The component that alone reads what is replaced; null: the last norm.' }),
    components: z
      .array(
        z.object({
          name: z.string(),
          kind: z.enum(['embed', 'head', 'bias', 'mlp', 'final']),
          layer: z.number().int().nullable(),
          head: z.number().int().nullable(),
          logit: z.number(),
          effect: z.number().nullable(),
        }),
      )
      .readonly()
      .openapi({ description: 'In the order of the model; `logit` sums to the difference, `effect` is what the difference loses with the baseline’s output.' }),
  })
  .openapi('InspectAttributed');
export type InspectAttributed = z.infer<typeof attributedSchema>;

export const headsSchema = z
  .strictObject({
    model,
    length: z.number().int().min(2).max(256).optional().openapi({ description: 'Different tokens of a text, which come twice. Default 50.' }),
    texts: z.number().int().min(1).max(16).optional().openapi({ description: 'Default 4.' }),
    seed,
  })
  .openapi('InspectHeads');
export const headsScoredSchema = z
  .object({
    model: z.string(),
    weights: z.string(),
    layers: z.number().int(),
    heads: z.number().int().openapi({ description: 'Of a block.' }),
    length: z.number().int(),
    texts: z.number().int(),
    seed: z.number().int(),
    scores: z
      .array(
        z.object({
          layer: z.number().int(),
          head: z.number().int(),
          previous: share.openapi({ description: 'Mean attention to the token before.' }),
          duplicate: share.openapi({ description: 'In the second half, to where the same token came first.' }),
          induction: share.openapi({ description: 'In the second half, to what followed the same token the first time.' }),
          copying: z.number().openapi({ description: 'How high the token that it attends to stands by what it writes: from −1, always lowest, to 1.' }),
        }),
      )
      .readonly()
      .openapi({ description: 'Block by block.' }),
  })
  .openapi('InspectHeadsScored');
export type InspectHeadsScored = z.infer<typeof headsScoredSchema>;

export const sitesSchema = z
  .object({
    model: z.string(),
    layers: z.number().int(),
    sites: z
      .array(z.object({ site: z.string(), dtype: z.string(), shape: z.array(z.union([z.number(), z.string()])).readonly(), meaning: z.string() }))
      .readonly(),
  })
  .openapi('InspectSites');
