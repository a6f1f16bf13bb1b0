import type { Evaluation } from './evaluation.ts';
import { bootstrap, type ResampleOptions } from './resample.ts';

/** What a model made of one question, fact or sample. */
export interface MeasuredItem {
  /** The same item has the same id whatever model is measured. */
  readonly id: string;
  /** Its relation or task, where there are several. */
  readonly group?: string;
  readonly prompt: string;
  readonly gold: string;
  /** What the model wrote, or found the most probable. */
  readonly answer: string;
  /** Figures by name. Those that tell right from wrong are 1 or 0. */
  readonly values: Readonly<Record<string, number>>;
}

const mean = (items: readonly MeasuredItem[], name: string): number => items.reduce((sum, { values }) => sum + values[name]!, 0) / items.length;

/** The mean of one figure, as a statistic that resampling asks for. */
export const meanOf =
  (name: string) =>
  (items: readonly MeasuredItem[]): number =>
    mean(items, name);

/** Mean figures of those items that have them; 95 % bootstrap intervals over items when asked for. @throws RangeError where there are no items */
export const summarise = (
  task: string,
  items: readonly MeasuredItem[],
  convention: string,
  { intervals }: { readonly intervals?: ResampleOptions } = {},
): Evaluation => {
  if (items.length === 0) throw new RangeError(`${task}: expected at least one measured item, got none`);
  const names = [...new Set(items.flatMap(({ values }) => Object.keys(values)))];
  const having = (name: string, all = items) => all.filter(({ values }) => name in values);
  const groups = [...new Set(items.flatMap(({ group }) => (group === undefined ? [] : [group])))].sort();
  return {
    task,
    n: items.length,
    metrics: Object.fromEntries(names.map((name) => [name, mean(having(name), name)])),
    convention,
    ...(intervals && {
      ci95: Object.fromEntries(
        names.map((name) => {
          const { low, high } = bootstrap(having(name), meanOf(name), intervals);
          return [name, [low, high] as const];
        }),
      ),
    }),
    ...(groups.length > 0 && {
      groups: Object.fromEntries(
        groups.map((group) => {
          const own = items.filter((item) => item.group === group);
          const figures = names.filter((name) => having(name, own).length > 0).map((name) => [name, mean(having(name, own), name)] as const);
          return [group, { n: own.length, ...Object.fromEntries(figures) }];
        }),
      ),
    }),
  };
};
