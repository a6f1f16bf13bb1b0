import { z } from 'zod';
import { FormatError } from './errors.ts';
import type { OrionMeasured } from './orion-result.ts';

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);
const figure = z.number();
const interval = z.strictObject({ value: figure, low: figure, high: figure });
const curve = z
  .array(
    z.strictObject({
      layer: count.min(1),
      tokenProb: interval,
      accuracy: interval.nullable(),
      softMatch: interval.nullable(),
      logitDiff: interval.nullable(),
      separable: interval.nullable(),
      separablePairs: count,
    }),
  )
  .min(1);
const asked = {
  family: z.string().min(1),
  variant: z.string().min(1),
  n: count.min(1),
  accuracy: share,
  guess: share,
  tokenProb: share,
  softMatch: share,
  logitDiff: figure.nullable(),
  passed: z.boolean(),
  chatTemplate: z.boolean(),
  seconds: z.number().min(0),
};
const swept = z.strictObject({
  ...asked,
  L1: count,
  L2: count.min(1),
  L3: count.min(1).nullable(),
  requestTransfer: z.strictObject({
    max: figure,
    ci95: z.tuple([figure, figure]),
    separable: figure.nullable(),
    accuracy: figure.nullable(),
    softMatch: figure.nullable(),
    logitDiff: figure.nullable(),
  }),
  floors: z.strictObject({ requestIsUnaffected: share, requestIsOutput: share }),
  curves: z.strictObject({ unaffected: curve, request_transfer: curve, output_transfer: curve }),
});
const none = z.null();
const unswept = z.strictObject({ ...asked, passed: z.literal(false), L1: none, L2: none, L3: none, requestTransfer: none, floors: none, curves: none });

const schema: z.ZodType<OrionMeasured> = z.strictObject({
  model: z.string().min(1),
  tasks: z.array(z.union([swept, unswept])),
  cells: z.strictObject({ passed: count, above70: count }),
  skipped: z.array(z.strictObject({ family: z.string(), variant: z.string(), reason: z.string() })),
  weights: z.string().min(1),
  layers: count.min(1),
  prompts: count.min(1),
  pairs: count.min(1),
  seed: z.number().int(),
});

/** What `lyceum inspect orion` wrote of a model. @throws FormatError that names what does not fit */
export const parseOrionResult = (json: unknown, where = 'result.json'): OrionMeasured => {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new FormatError(
    `${where}: expected what lyceum inspect orion writes, got at ${issue.path.join('.') || 'its top'}: ${issue.message}; run it again where an earlier version wrote the file`,
  );
};
