import { z } from 'zod';
import { ConfigError } from '../../core/index.ts';
import { defaultReader, type Preset, type PresetValues, presets, type ReaderConfig, type TaskWeights } from './reader-config.ts';

export const tasks = ['entity', 'relation', 'coreference'] as const;
export type Task = (typeof tasks)[number];

const rate = z.number().min(0).lt(1);
/** Defaults that differ from preset to preset are its own. */
const schemaOf = ({ headRate, hidden }: Pick<PresetValues, 'headRate' | 'hidden'>) =>
  z.strictObject({
    preset: z.enum(Object.keys(presets) as [Preset, ...Preset[]]).default('all'),
    /** Tasks that count, in the loss and in the choice of the best weights; default: those to which the preset gives weight. */
    tasks: z.array(z.enum(tasks)).min(1).optional(),
    tuning: z.enum(['full', 'lora']).default('full'),
    epochs: z.int().positive().max(10_000).default(20),
    seed: z
      .int()
      .nonnegative()
      .max(2 ** 31)
      .default(0),
    /** Documents a step. */
    batch: z.int().positive().max(1024).default(4),
    encoderRate: z.number().positive().default(2e-4),
    headRate: z.number().positive().default(headRate),
    weightDecay: z.number().nonnegative().default(0.01),
    clipNorm: z.number().positive().default(5),
    warmup: z.number().min(0).max(1).default(0.1),
    schedule: z.enum(['linear', 'cosine', 'constant']).default('linear'),
    /** Rates: `words` of subwords hidden from the encoder; `encoder` inside it; `tokens` of what the heads see; `hidden` inside the heads. */
    dropout: z.strictObject({ words: rate.default(0), encoder: rate.default(0.1), tokens: rate.default(0.2), hidden: rate.default(hidden) }).prefault({}),
    /** Exponential average of the weights; null: none. */
    average: z.strictObject({ decay: rate, everySteps: z.int().positive() }).nullable().default({ decay: 0.99, everySteps: 2 }),
    /** Epochs between looks at the dev split; the last epoch is always looked at. */
    evaluateEvery: z.int().positive().default(2),
    /** Looks without a better score after which training stops; null: never. */
    patience: z.int().positive().nullable().default(null),
  });

export type TrainingInput = z.input<ReturnType<typeof schemaOf>>;

/** Everything that decides what a training computes. */
export interface TrainingConfig extends z.output<ReturnType<typeof schemaOf>> {
  readonly tasks: readonly Task[] & Task[];
  readonly weights: TaskWeights;
  readonly reader: ReaderConfig;
}

/** Fills in what follows from the preset. @throws ConfigError naming every key that does not fit */
export const trainingConfig = (given: TrainingInput): TrainingConfig => {
  const { preset: asked = 'all' } = given;
  const preset: PresetValues = Object.hasOwn(presets, asked) ? presets[asked] : presets.all; // no preset: the schema says so
  const parsed = schemaOf(preset).safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
    throw new ConfigError(`training: expected a configuration of the reader's training, got ${problems.join('; ')}`);
  }
  const { weights, relationRatio } = preset;
  const wanted = tasks.filter((task) => (parsed.data.tasks ? parsed.data.tasks.includes(task) : weights[task] > 0));
  const weightOf = (task: Task): number => (wanted.includes(task) ? weights[task] || 1 : 0);
  return {
    ...parsed.data,
    tasks: wanted,
    weights: { entity: weightOf('entity'), relation: weightOf('relation'), coreference: weightOf('coreference') },
    reader: { ...defaultReader, relationRatio },
  };
};
