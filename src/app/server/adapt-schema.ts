import { z } from '@hono/zod-openapi';

// What teaching a model asks for and answers over HTTP.

const count = z.number().int().min(0);
const path = z.string().min(1).max(4096);
const runName = z
  .string()
  .regex(/^[^./\\\p{C}][^/\\\p{C}]{0,119}$/u, 'expected the name of a folder, of at most 120 characters')
  .openapi({ description: 'Name of a run: that of its folder.' });

export const adaptMethods = [
  'loramoe',
  'lora',
  'dora',
  'mixlora',
  'hydralora',
  'ia3',
  'prompt',
  'instance-prompt',
  'full',
  'fisher-masked',
  'retrieved',
] as const;

export const lookRequestSchema = z
  .strictObject({
    upload: z.uuid().optional().openapi({ description: 'What `PUT /api/uploads` answered.' }),
    path: path.optional().openapi({ description: 'A file, or a folder of texts, on the machine of the server.' }),
    documents: z.literal(true).optional().openapi({ description: 'The documents of the workspace, to learn from as plain texts.' }),
    model: z.string().min(1).max(500).optional().openapi({ description: 'Whose form the samples are shown in; plain text needs one.' }),
    kindField: z.string().min(1).max(100).optional(),
  })
  .refine(({ upload, path, documents }) => [upload, path, documents].filter((one) => one !== undefined).length === 1, {
    message: 'expected one of an upload, a path and documents',
  })
  .openapi('LookRequest');

export const lookSchema = z
  .object({
    data: z.string().openapi({ description: 'The path to give `POST /api/adapt`.' }),
    name: z.string(),
    samples: count,
    shapes: z.array(z.object({ shape: z.enum(['chat', 'instruction', 'preference', 'text']), samples: count })),
    kinds: z.array(z.object({ kind: z.string(), samples: count })),
    duplicates: count,
    renamed: count.openapi({ description: 'Samples whose id another has too.' }),
    skipped: z
      .object({ count, lines: z.array(z.object({ line: count, reason: z.string() })) })
      .openapi({ description: 'Lines that are no samples; at most fifty are listed.' }),
    unusable: z.string().nullable().openapi({ description: 'Why nothing can be learnt from it, where that is so.' }),
    first: z
      .array(
        z.object({
          id: z.string(),
          line: count,
          shape: z.string(),
          kind: z.string().nullable(),
          turns: z.array(z.object({ role: z.string(), content: z.string(), learnt: z.boolean() })),
          tokens: count.nullable(),
          seen: z
            .array(z.object({ text: z.string(), learnt: z.boolean() }))
            .openapi({ description: 'As the model sees it, marks of its template included; empty without a model.' }),
          problem: z.string().nullable().openapi({ description: 'Why it is cut or left out, where it is.' }),
        }),
      )
      .openapi({ description: 'Some samples, of every shape and kind first. What is learnt is marked.' }),
  })
  .openapi('Look');

export const adaptRequestSchema = z
  .strictObject({
    data: path.openapi({ description: '`data` of a look, or a path on the machine of the server.' }),
    model: z.string().min(1).max(500).openapi({ description: 'A name that `GET /api/models` lists.' }),
    name: runName.optional().openapi({ description: 'Default: by data and method, numbered where that is taken by another run.' }),
    method: z
      .enum(adaptMethods)
      .default('loramoe')
      .openapi({ description: '`retrieved` trains nothing: like samples stand in the prompt. It takes no options of training.' }),
    size: z.enum(['small', 'medium', 'large']).default('small'),
    from: runName.optional().openapi({ description: 'A run that is over, of the same model and method: this one starts from what that learnt.' }),
    evaluation: path.optional().openapi({ description: 'Samples to judge by; default: a tenth of the data.' }),
    replay: z.number().min(0).max(0.9).optional(),
    replayData: path.optional(),
    kindField: z.string().min(1).max(100).optional(),
    epochs: z.number().int().min(1).max(1000).optional(),
    length: z.number().int().min(16).max(8192).optional(),
    rows: z.number().int().min(1).max(1024).optional(),
    learningRate: z.number().positive().max(1).optional(),
    keep: z
      .enum(['best', 'last'])
      .optional()
      .openapi({ description: 'Weights that are kept: of the epoch with the lowest held-out loss, the default, or of the last.' }),
    rank: z.number().int().min(1).max(1024).optional(),
    experts: z.number().int().min(1).max(256).optional(),
    balance: z.number().min(0).max(100).optional().openapi({ description: 'Strength of the balancing constraint; 0: none.' }),
    delta: z.number().min(0).max(1).optional(),
    sign: z.enum(['faithful', 'intended']).optional(),
    balanceForm: z.enum(['variance/mean²', 'variance/mean']).optional(),
    balanceModules: z.enum(['sum', 'mean']).optional().openapi({ description: 'Whether the constraints of the linears add up, the default, or are averaged.' }),
    balanceVariance: z.enum(['unbiased', 'population']).optional().openapi({ description: 'Divisor of its variance over K values: K − 1, the default, or K.' }),
    balanceMembership: z.enum(['mean', 'sum', 'padded']).optional().openapi({
      description: 'What a token counts for its sample in it: 1 / length, the default; 1; or 1 with the padding of its row, which then holds one text.',
    }),
    ewc: z.number().min(0).max(1e9).optional().openapi({ description: 'Strength of elastic weight consolidation; 0: none.' }),
    kl: z.number().min(0).max(1e6).optional().openapi({ description: 'Strength by which what the model says of general samples is kept; 0: none.' }),
    blocks: z.array(z.number().int().min(0)).min(1).optional().openapi({ description: 'Only these are changed; the first is 0.' }),
    beta: z.number().positive().optional().openapi({ description: 'Of preferences: how dear it is to leave the model as it was.' }),
    admit: z
      .boolean()
      .optional()
      .openapi({ description: 'Leaves out samples that ask nearly what an earlier one asks, or whose words stand in the held-out part.' }),
    tooLong: z.enum(['cut', 'refuse']).optional().openapi({
      description:
        'What is done with samples of more tokens than a row has: prompts lose their beginning and texts are cut into parts, the default, or they are left out.',
    }),
    kindRules: z
      .array(z.strictObject({ pattern: z.string().min(1).max(1000), kind: z.string().min(1).max(100) }))
      .max(100)
      .optional(),
    memoryBytes: z.number().int().min(1e8).max(1e13).optional(),
    weights: z.enum(['f32', 'int8']).optional(),
    seed: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional(),
    options: z.record(z.string(), z.unknown()).optional().openapi({ description: 'Further options of the method.' }),
    dryRun: z.boolean().default(false).openapi({
      description:
        'The run only works out what it would take: `result` then holds steps, tokens, trainable, seconds and memoryBytes, `notes` whether that is more memory than is free.',
    }),
  })
  .openapi('AdaptRequest');

const scores = z.object({
  metric: z.string(),
  n: count,
  before: z.number(),
  after: z.number(),
  difference: z.object({ low: z.number(), high: z.number() }).nullable(),
});

export const adaptRunSchema = z
  .object({
    name: z.string(),
    state: z.enum(['finished', 'unfinished']),
    createdAt: z.string(),
    model: z.string(),
    method: z.string(),
    from: z.string().nullable().openapi({ description: 'The run it starts from, where it does.' }),
    data: z.string(),
    step: count,
    steps: count.nullable().openapi({ description: 'Null where it is not known.' }),
    resumable: z.boolean().openapi({ description: 'Whether `POST /api/adapt/runs/{name}` goes on with it.' }),
    verdict: z.string().nullable(),
    trainable: count.nullable(),
    seconds: z.number().nullable(),
    task: scores.nullable(),
    knowledge: scores.nullable(),
  })
  .openapi('AdaptRun');

export const adaptRunsSchema = z
  .object({ runs: z.array(adaptRunSchema), sample: z.string().nullable().openapi({ description: 'Data to try, where there is some.' }) })
  .openapi('AdaptRuns');

export const adaptRunDetailsSchema = adaptRunSchema
  .extend({
    curve: z
      .array(z.object({ step: count, train: z.number(), heldOut: z.number().optional() }))
      .openapi({ description: 'Loss of a token in nats; thinned, held-out losses kept.' }),
  })
  .openapi('AdaptRunDetails');

export const runNameSchema = z.object({ name: runName });
const compared = z.array(runName).min(2).max(12);
export const compareSchema = z.strictObject({
  run: compared,
  matrix: z.enum(['true', 'false']).optional().openapi({
    description: 'With what each stage of learning did to the tasks of all: the runs are stages, in this order. `POST /api/adapt/matrix` measures that.',
  }),
});
export const matrixRequestSchema = z
  .strictObject({ runs: compared.openapi({ description: 'Runs on one model that are over, as stages of learning, in their order.' }) })
  .openapi('MatrixRequest');
export const matrixQuerySchema = z.strictObject({ run: compared });

export const combineRequestSchema = z
  .strictObject({
    runs: compared.openapi({ description: 'Runs of `lora` on one model that are over.' }),
    method: z.literal('arrow').default('arrow'),
    name: runName.optional().openapi({ description: 'Default: by the names of the runs.' }),
    topK: z.number().int().min(1).max(256).optional().openapi({ description: 'Adapters that serve a token; default 3.' }),
    temperature: z.number().positive().max(1000).optional().openapi({ description: 'Of the choice between them: the higher, the evener; default 1.' }),
  })
  .openapi('CombineRequest');

const row = z.array(z.number()).readonly();
const range = z.object({ low: z.number(), high: z.number() });
const ranges = z.array(range).readonly();
export const matrixSchema = z
  .object({
    tasks: z
      .array(
        z.object({
          name: z.string(),
          metric: z.string(),
          n: count,
          learntAt: z.union([count, z.literal('before')]).openapi({ description: 'The stage that taught it, from 0; `before`: the base model knew it.' }),
        }),
      )
      .readonly()
      .openapi({ description: 'Knowledge of the world, and the held-out samples of each run.' }),
    stages: z.array(z.string()).readonly(),
    scores: z.array(row).readonly().openapi({ description: 'Of every stage, that of every task.' }),
    before: row.openapi({ description: 'Of the base model.' }),
    summary: z.object({
      averageScore: z.number(),
      backwardTransfer: z.number().optional(),
      forgetting: z.number().optional(),
      forwardTransfer: z.number().optional(),
      changes: z.array(z.number().nullable()).readonly(),
    }),
    intervals: z
      .object({
        scores: z.array(ranges).readonly(),
        before: ranges,
        averageScore: range,
        backwardTransfer: range.optional(),
        forgetting: range.optional(),
        forwardTransfer: range.optional(),
        changes: z.array(range.nullable()).readonly(),
      })
      .openapi({ description: 'Of every figure: 95 % of the bootstrap over items; what changed between stages is paired item by item.' }),
    askedWith: z.enum(['f32', 'int8', 'int4']).openapi({ description: 'How the weights of all models were held.' }),
    apart: z.array(count).readonly().openapi({ description: 'Stages that do not start from the one before them.' }),
  })
  .openapi('LearningMatrix');

export type LookRequest = z.infer<typeof lookRequestSchema>;
export type Look = z.infer<typeof lookSchema>;
export type AdaptRequest = z.infer<typeof adaptRequestSchema>;
export type CombineRequest = z.infer<typeof combineRequestSchema>;
export type AdaptRun = z.infer<typeof adaptRunSchema>;
export type AdaptRuns = z.infer<typeof adaptRunsSchema>;
export type AdaptRunDetails = z.infer<typeof adaptRunDetailsSchema>;
export type LearningMatrix = z.infer<typeof matrixSchema>;
