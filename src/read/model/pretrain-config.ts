import { z } from 'zod';
import { ConfigError } from '../../core/index.ts';

const rate = z.number().min(0).lt(1);
const schema = z.strictObject({
  epochs: z.int().positive().max(10_000).default(1),
  /** Documents that are used, drawn by seed; null: all. */
  limit: z.int().min(2).nullable().default(null),
  seed: z
    .int()
    .nonnegative()
    .max(2 ** 31)
    .default(0),
  /** Documents a step. */
  batch: z.int().positive().max(1024).default(20),
  /** Most subwords of a document, [CLS] and [SEP] included; the rest is not read. */
  window: z.int().min(8).max(512).default(256),
  encoderRate: z.number().positive().default(3e-4),
  headRate: z.number().positive().default(1e-3),
  weightDecay: z.number().nonnegative().default(0.01),
  clipNorm: z.number().positive().default(1),
  warmup: z.number().min(0).max(1).default(0.06),
  schedule: z.enum(['linear', 'cosine', 'constant']).default('linear'),
  /** Inside the encoder. */
  dropout: rate.default(0),
  /** Share of the subwords that are to be guessed. */
  masked: z.number().positive().max(0.5).default(0.15),
  /** Documents that are not trained on but judged; never more than a tenth. */
  heldOut: z.int().positive().max(10_000).default(200),
});

export type PretrainingInput = z.input<typeof schema>;

/** Everything that decides what a pre-training computes. */
export type PretrainingConfig = z.output<typeof schema>;

/** @throws ConfigError naming every key that does not fit */
export const pretrainingConfig = (given: PretrainingInput): PretrainingConfig => {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  throw new ConfigError(
    `pre-training: expected a configuration of the encoder's pre-training, got ${problems.join('; ')}; see src/read/model/pretrain-config.ts for the keys it may have`,
  );
};
