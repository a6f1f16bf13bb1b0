import { type BySeed, bootstrapSeeds, type Interval, type PairedInterval, pairedBootstrapSeeds } from '../../../src/evaluate/index.ts';
import type { Measured } from './measure.ts';
import type { Result } from './results.ts';

/** What is told of a model: figures of single items. Knowledge is ranking facts, ours and LRE's. */
export const figureNames = ['knowledge', 'margin', 'questions', 'task', 'task-exact', 'task-logprob'] as const;
export type Figure = (typeof figureNames)[number];

const digits = (text: string): number[] => Array.from(text, Number);
const read: Readonly<Record<Figure, (measured: Measured) => readonly number[]>> = {
  knowledge: ({ facts, relations }) => [...digits(facts.right), ...digits(relations.right)],
  margin: ({ facts, relations }) => [...facts.scores, ...relations.scores],
  questions: ({ questions }) => digits(questions.right),
  task: ({ tasks }) => tasks.f1!,
  'task-exact': ({ tasks }) => digits(tasks.right),
  'task-logprob': ({ tasks }) => tasks.scores,
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const items = (figure: Figure, results: readonly Result[]): BySeed<number> => results.map(({ measured }) => read[figure](measured));
const same = { sameUnits: true } as const;

/** Mean over items and seeds. */
export const figureOf = (figure: Figure, results: readonly Result[]): Interval => bootstrapSeeds(items(figure, results), mean, same);

/** How much more than another arm with the same seeds, or than the model before training. */
export const gainOf = (figure: Figure, results: readonly Result[], over: readonly Result[] | Result): PairedInterval =>
  pairedBootstrapSeeds(items(figure, results), items(figure, Array.isArray(over) ? over : results.map(() => over as Result)), mean, same);

/** What is left of what `lost` lost, by ours: its loss over that loss. NaN where the other lost nothing. */
export const shareLost = (figure: Figure, ours: readonly Result[], theirs: readonly Result[], base: Result): number => {
  const lost = (results: readonly Result[]): number => -gainOf(figure, results, base).value;
  return lost(theirs) > 0 ? lost(ours) / lost(theirs) : Number.NaN;
};

export const halfWidth = ({ low, high }: Interval): number => (high - low) / 2;

/** Results of an arm and size, by seed. */
export const select = (results: readonly Result[], arm: string, size: number, seeds?: readonly number[]): Result[] =>
  results.filter((one) => one.arm === arm && one.size === size && (seeds?.includes(one.seed) ?? true)).sort((a, b) => a.seed - b.seed);
