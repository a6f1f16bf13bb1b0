import { z } from 'zod';
import { type AdaptResult, adaptResultFormat } from './adapt-result.ts';
import { FormatError } from './errors.ts';

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);
const positive = z.number().min(0);
const ordered = { message: 'expected low ≤ value ≤ high' };
const inOrder = ({ value, low, high }: { value: number; low: number; high: number }) => low <= value && value <= high;
const interval = z.strictObject({ value: share, low: share, high: share }).refine(inOrder, ordered);
const change = z.number().min(-1).max(1);
const difference = z.strictObject({ value: change, low: change, high: change, pValue: share }).refine(inOrder, ordered);
const example = { expected: z.string(), before: z.string(), after: z.string() };
const answers = z.array(z.strictObject({ question: z.string(), ...example }));
const taskAnswers = z.array(z.strictObject({ prompt: z.string(), ...example }));
const shares = z.array(share).min(1);
const measured = { metric: z.string().min(1), n: count.min(1), before: interval, after: interval };

const schema: z.ZodType<AdaptResult> = z.strictObject({
  format: z.literal(adaptResultFormat),
  name: z.string().min(1),
  model: z.strictObject({ name: z.string(), sha256: z.string(), parameters: count }),
  data: z.strictObject({
    path: z.string(),
    samples: count,
    shapes: z.array(z.strictObject({ shape: z.string(), samples: count })),
    kinds: z.array(z.strictObject({ kind: z.string(), samples: count })),
    heldOut: count,
    skipped: z.array(z.strictObject({ reason: z.string(), samples: count })),
    cut: z.exactOptional(count),
    duplicates: count,
    contaminated: count,
    contaminatedFacts: z.exactOptional(count),
  }),
  method: z.strictObject({ kind: z.string().min(1), options: z.record(z.string(), z.unknown()) }),
  from: z.exactOptional(z.strictObject({ name: z.string().min(1), path: z.string(), sha256: z.string() })),
  kept: z.exactOptional(z.strictObject({ weights: z.enum(['best', 'last']), epoch: count.min(1) })),
  frozen: z.exactOptional(z.strictObject({ weights: z.literal('int8'), heldOutLoss: z.strictObject({ held: positive, f32: positive }) })),
  askedWith: z.exactOptional(z.enum(['f32', 'int8', 'int4'])),
  trainable: count,
  tokens: count,
  seconds: positive,
  peakMemoryBytes: positive,
  price: z.strictObject({ estimated: z.strictObject({ seconds: positive, bytes: positive }) }),
  seeds: z.array(z.number().int()),
  loss: z
    .array(z.strictObject({ step: count, train: z.number(), heldOut: z.exactOptional(z.number()) }))
    .refine((rows) => rows.every(({ step }, i) => i === 0 || step > rows[i - 1]!.step), { message: 'expected steps that grow' }),
  task: z.strictObject({ ...measured, difference: z.exactOptional(difference) }).nullable(),
  perplexityHeldOut: z.strictObject({ before: positive, after: positive }).nullable(),
  knowledge: z
    .strictObject({
      ...measured,
      difference,
      byRelation: z.array(z.strictObject({ relation: z.string(), n: count, before: share, after: share })),
    })
    .nullable(),
  examples: z.strictObject({
    lost: answers,
    gained: answers,
    task: taskAnswers,
    taskLost: z.exactOptional(taskAnswers),
    taskGained: z.exactOptional(taskAnswers),
    taskRightFrom: z.exactOptional(z.number().gt(0).max(1)),
  }),
  experts: z.exactOptional(
    z
      .strictObject({
        byKind: z.array(z.strictObject({ kind: z.string(), shares })),
        byModule: z.array(z.strictObject({ site: z.string(), shares })),
        groups: z.array(count.min(1)).min(1),
        balance: z.number().nullable(),
      })
      .refine(
        ({ byKind, byModule, groups }) => {
          const experts = groups.reduce((a, b) => a + b, 0);
          return [...byKind, ...byModule].every(({ shares }) => shares.length === experts);
        },
        { message: 'expected as many shares everywhere as the groups have experts' },
      ),
  ),
  replay: z.strictObject({ share, source: z.string().nullable() }),
  verdict: z.string(),
});

/**
 * Reads what a run wrote as `result.json`.
 *
 * @param value  parsed JSON
 * @param where  what an error names, usually the file's path
 * @throws FormatError naming every field that does not fit
 */
export const parseAdaptResult = (value: unknown, where = 'result.json'): AdaptResult => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`);
  const more = parsed.error.issues.length - problems.length;
  throw new FormatError(
    `${where}: expected the result of a run of \`lyceum adapt\`, got ${problems.join('; ')}${more > 0 ? `; and ${more} more` : ''}; name a run's folder`,
  );
};
