import { join } from 'node:path';
import { writeWhole } from '../../formats/index.ts';
import type { Engine, TensorData } from '../../runtime/index.ts';
import type { Verdict } from '../../train/index.ts';
import { bestValues } from './best-values.ts';
import { findShifts, type Shifts, shifted, shiftedNames } from './calibrate.ts';
import type { Task, TrainingConfig } from './training-config.ts';

/** Name of the engine's tensor that is a parameter's value now. */
export type Held = (parameter: string) => string;
/** Dev figures of the weights that `held` names. */
export type Measure = (held: Held) => Promise<Readonly<Record<string, number>>>;

/** Judges weights on the dev split: the engine's tensors that `held` names. */
export const openJudge = (
  engine: Engine,
  { tasks }: Pick<TrainingConfig, 'tasks'>,
  trained: (name: string) => boolean,
  measure: Measure,
): ((held: Held) => Promise<Verdict>) => {
  const biases = shiftedNames.filter(trained);
  return async (held) => {
    const values = await engine.get(biases.map(held));
    const looks: Readonly<Record<string, number>>[] = [];
    for (const shift of shiftedTasks(tasks) ? judgedShifts : [0]) {
      const moved = shifted(Object.fromEntries(biases.map((name) => [name, values[held(name)]!])), { relation: shift, coreference: shift });
      await engine.put(Object.fromEntries(biases.map((name) => [judged(name), moved[name]!])));
      looks.push(await measure((name) => (biases.includes(name) ? judged(name) : held(name))));
    }
    await engine.drop(biases.map(judged));
    return verdictOf(looks, tasks);
  };
};

/** Writes `calibration.json` beside the best weights: what `finishReader` adds to their scores, and the dev figures then. */
export const calibrate = async (engine: Engine, outDir: string, measure: Measure): Promise<void> => {
  const best = await bestValues(outDir);
  const own = (name: string): string => `calibrate:${name}`;
  const put = (values: Readonly<Record<string, TensorData>>) =>
    engine.put(Object.fromEntries(Object.entries(values).map(([name, value]) => [own(name), value])));
  await put(best.values);
  const under = async (shifts: Shifts) => {
    const moved = shifted(best.values, shifts);
    await put(Object.fromEntries(shiftedNames.filter((name) => name in moved).map((name) => [name, moved[name]!])));
    return measure(own);
  };
  const shifts = await findShifts(async (tried) => {
    const metrics = await under(tried);
    return { relation: metrics[scored.relation]!, coreference: metrics[scored.coreference]! };
  });
  const dev = shownMetrics(await under(shifts));
  await engine.drop(Object.keys(best.values).map(own));
  await writeWhole(join(outDir, calibrationFile), [Buffer.from(`${JSON.stringify({ format: 1, shifts, dev }, null, 2)}\n`)]);
};

// A look at the dev split tries a few of the shifts that `calibrate` chooses among in the end: without, weights that speak up early would be kept.
const judgedShifts = [0, 1, 2];
const judged = (name: string): string => `judged:${name}`;
/** Whether a task is trained whose scores are shifted. */
export const shiftedTasks = (tasks: readonly Task[]): boolean => tasks.some((task) => task !== 'entity');
export const calibrationFile = 'calibration.json';
const scored: Readonly<Record<Task, string>> = { entity: 'entity-f1', relation: 'relation-f1', coreference: 'coreference-f1' };

/** Sum of the F1 of the tasks, in points, each under the shift that suits it best. */
const verdictOf = (looks: readonly Readonly<Record<string, number>>[], wanted: readonly Task[]): Verdict => {
  const best = (name: string): Readonly<Record<string, number>> => looks.reduce((a, b) => (b[name]! > a[name]! ? b : a));
  const ofRelations = best(scored.relation);
  const metrics = shownMetrics({
    ...looks[0]!,
    ...pick(ofRelations, ['relation-f1', 'relation-strict-f1']),
    [scored.coreference]: best(scored.coreference)[scored.coreference]!,
  });
  return { score: wanted.reduce((sum, task) => sum + metrics[scored[task]]!, 0), metrics };
};

const pick = (metrics: Readonly<Record<string, number>>, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, metrics[name]!]));

/** In points, two decimals. */
const shownMetrics = (metrics: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(
    ['entity-f1', 'relation-f1', 'relation-strict-f1', 'coreference-f1', 'span-f1'].map((name) => [name, Math.round(metrics[name]! * 1e4) / 100]),
  );
