import { type AdaptResult, methodName } from '../../report/index.ts';
import { seedlessRun } from './begun-run.ts';

/** A run among those compared. */
export interface ArmRun {
  readonly folder: string;
  readonly result: AdaptResult;
  /** Among those compared, from 0. */
  readonly place: number;
  readonly seed: number;
}

/** Runs that differ in nothing but the seed, one a seed. */
export interface RunsOfArm {
  readonly name: string;
  readonly runs: readonly ArmRun[];
  /** Runs that repeat a seed of those. */
  readonly repeated: readonly ArmRun[];
}

/** What the names of an arm's runs have in common, without the seed: `queue-lora` of `queue-lora-1` and `queue-lora-2`; the method's where that is nothing. */
const nameOf = ([first, ...others]: readonly AdaptResult[]): string => {
  const { name, method } = first!;
  if (others.length === 0) return name;
  const end = [...name].findIndex((_, i) => others.some((other) => other.name[i] !== name[i]));
  const shared = end < 0 ? name : name.slice(0, end);
  // A number that differs in its last digits differs as a whole.
  const cut = [first!, ...others].some((run) => /\d/.test(run.name[shared.length] ?? '')) ? shared.replace(/\d+$/, '') : shared;
  return cut.replace(/[-_ .+]+(?:seed|s)?[-_ .]*$/i, '').trim() || methodName(method.kind);
};

/** Sorts runs into arms, in the order of their first runs: those that their folders say differ in nothing but the seed are one. */
export const seedArms = async (folders: readonly string[], results: readonly AdaptResult[]): Promise<RunsOfArm[]> => {
  const told = await Promise.all(folders.map(seedlessRun));
  const runs = results.map((result, place): ArmRun & { readonly recipe: string } => ({
    folder: folders[place]!,
    result,
    place,
    seed: told[place]?.seed ?? result.seeds[0] ?? 0,
    recipe: told[place]?.text ?? `run ${place}`,
  }));
  return [...Map.groupBy(runs, ({ recipe }) => recipe).values()].map((own) => {
    const firsts = [...new Map(own.toReversed().map((run) => [run.seed, run])).values()].sort((a, b) => a.place - b.place);
    return { name: nameOf(firsts.map(({ result }) => result)), runs: firsts, repeated: own.filter((run) => !firsts.includes(run)) };
  });
};
