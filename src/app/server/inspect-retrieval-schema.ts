import { z } from '@hono/zod-openapi';

const whole = z.number().int();
const variable = z.string().min(1).max(100);
const variables = '`character_name`, `city`, `character_occupation`, `day_time` or `season`.';

export const retrievalRequestSchema = z
  .strictObject({
    model: z.string().min(1).max(500).openapi({ description: 'A name that `GET /api/models` lists.' }),
    source: variable.optional().openapi({ description: `What the source asks for: ${variables} Default \`character_name\`.` }),
    target: variable.optional().openapi({ description: 'What the target asks for, another of these. Default `city`.' }),
    prompts: whole.min(2).max(100).optional().openapi({ description: 'Stories, each asked for every variable. Default 50.' }),
    resamples: whole.min(1).max(50).optional().openapi({ description: 'Baseline prompts a prompt. Default 5.' }),
    layer: whole.min(1).optional().openapi({ description: 'Patch after so many blocks. Default: where the request is answered best.' }),
    seeds: z.array(whole.min(0).max(4_294_967_295)).min(1).max(20).optional().openapi({ description: 'Each a study of its own. Default [0].' }),
  })
  .openapi('InspectRetrieval');

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });
const compared = z
  .object({ value: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() })
  .openapi({ description: 'Null where no component was strong enough to be compared.' });
const comparedOver = z.object({ mean: z.number().nullable(), least: z.number().nullable(), most: z.number().nullable() });
const figure = z.object({ mean: z.number(), least: z.number(), most: z.number() });
const perRun = <T extends z.ZodType>(of: T) => z.object({ target: of, patched: of, patterns: of, valuePatterns: of, chimera: of });
const outcome = z.object({ requested: interval, own: interval, difference: interval });
const share = z.number();
const besides = z.object({ with: z.number(), without: z.number() });

const study = z.object({
  model: z.string(),
  weights: z.string(),
  source: z.string(),
  target: z.string(),
  layers: whole,
  heads: whole,
  prompts: whole,
  resamples: whole,
  seed: whole,
  seconds: z.number(),
  layer: whole.openapi({ description: 'The source’s residual stream was put in the target’s place after so many blocks.' }),
  curves: z
    .array(z.object({ layer: whole, requested: share, own: share, sources: share }))
    .readonly()
    .nullable(),
  accuracy: z.object({ target: share, source: share, chimera: share }),
  outcomes: perRun(outcome),
  totalEffect: z.object({ target: z.number(), source: z.number(), chimera: z.number() }),
  components: z
    .array(
      z.object({
        name: z.string(),
        kind: z.enum(['head', 'mlp']),
        layer: whole,
        head: whole.nullable(),
        effects: z.object({ target: share, source: share, chimera: share, before: share, patched: share }),
        attention: z.object({ before: share, after: share, chimera: share }).nullable(),
      }),
    )
    .readonly()
    .openapi({ description: 'Direct effects as shares of the total effect, and attention on the requested value.' }),
  movers: z.array(z.string()).readonly().openapi({ description: 'Heads that fetch the value.' }),
  attentionChange: z.object({ fromTarget: z.number().nullable(), fromChimera: z.number().nullable() }),
  change: z.object({ heads: z.number(), mlps: z.number() }),
  overlap: z.object({ patched: compared, resampled: compared, others: compared, strong: z.number() }),
  values: z
    .object({
      told: z.array(z.object({ value: z.string(), stories: whole })).readonly(),
      heads: z.array(z.object({ name: z.string(), value: z.string(), effect: besides, attention: besides, p: share })).readonly(),
    })
    .openapi({ description: 'Heads of single values: effect and attention in stories with the value and without.' }),
});

export const retrievalResultSchema = z
  .object({
    model: z.string(),
    weights: z.string(),
    seeds: z.array(whole).readonly(),
    over: z
      .object({
        layer: figure,
        accuracy: z.object({ target: figure, source: figure, chimera: figure }),
        requested: perRun(figure),
        way: perRun(figure),
        change: z.object({ heads: figure, mlps: figure }),
        overlap: z.object({ patched: comparedOver, resampled: comparedOver, others: comparedOver }),
        movers: z.array(z.object({ name: z.string(), seeds: whole })).readonly(),
        valueHeads: z.array(z.object({ name: z.string(), value: z.string(), seeds: whole })).readonly(),
      })
      .openapi({ description: 'Over the seeds: means, the least and the greatest.' }),
    studies: z.array(study).readonly().openapi({ description: 'A seed each.' }),
  })
  .openapi('InspectRetrievalResult');
