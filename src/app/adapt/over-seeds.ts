import { type BySeed, bootstrapSeeds, type MeasuredItem, pairedBootstrapSeeds } from '../../evaluate/index.ts';
import type { AdaptResult, Difference, OverSeeds, SeedArm, SeedPair, SeedScore } from '../../report/index.ts';
import { readMeasured } from './kept-measured.ts';
import { metricSaid } from './measure-model.ts';
import { type ArmRun, type RunsOfArm, seedArms } from './seed-arms.ts';

type Key = 'task' | 'knowledge';
/** What a seed made of its items, each by its id. */
type Scores = ReadonlyMap<string, { readonly before: number; readonly after: number }>;

/** An item at its place among those of all seeds: of no weight where this seed was not asked it, and then with the mean of all that were. */
interface Unit {
  readonly score: number;
  readonly weight: 0 | 1;
}

/** An arm and, per seed, what is known item by item. */
interface Measured {
  readonly arm: SeedArm;
  readonly task: readonly Scores[] | undefined;
  readonly knowledge: readonly Scores[] | undefined;
}

const mean = (units: readonly Unit[]): number => {
  let [sum, count] = [0, 0];
  for (const { score, weight } of units) {
    sum += score * weight;
    count += weight;
  }
  // A resample may draw none of the items that its seeds were asked.
  return count > 0 ? sum / count : units.reduce((all, { score }) => all + score, 0) / units.length;
};

/** Whether every seed was asked what the first was. */
const alike = ([first, ...others]: readonly Scores[]): boolean =>
  others.every((own) => own.size === first!.size && [...own.keys()].every((id) => first!.has(id)));

/**
 * Scores of seeds as units that can be drawn. Where seeds share items, every item of any of them has one place in all, so that it is drawn for all or for none: how hard it is does not average out over seeds. Where they
 * share none, each has its own.
 */
const unitsOf = (seeds: readonly Scores[], figure: (score: { readonly before: number; readonly after: number }) => number): BySeed<Unit> => {
  const own = seeds.map((scores) => [...scores.values()].map((score): Unit => ({ score: figure(score), weight: 1 })));
  if (!sharesItems(seeds)) return own;
  const missing: Unit = { score: mean(own.flat()), weight: 0 };
  const ids = [...new Set(seeds.flatMap((scores) => [...scores.keys()]))];
  return seeds.map((scores) =>
    ids.map((id) => {
      const score = scores.get(id);
      return score ? { score: figure(score), weight: 1 } : missing;
    }),
  );
};

const countItems = (seeds: readonly Scores[]): number => new Set(seeds.flatMap((scores) => [...scores.keys()])).size;
const sharesItems = (seeds: readonly Scores[]): boolean => countItems(seeds) < seeds.reduce((sum, { size }) => sum + size, 0);

/** Items under their ids; where one comes again it is another. */
const scoresOf = (before: readonly MeasuredItem[], after: readonly MeasuredItem[], figure: string): Scores => {
  const scores = new Map<string, { before: number; after: number }>();
  for (const [i, { id, values }] of before.entries()) {
    let own = id;
    for (let again = 2; scores.has(own); again++) own = `${id} (${again})`;
    scores.set(own, { before: values[figure]!, after: after[i]!.values[figure]! });
  }
  return scores;
};

/** What one run scored, item by item; undefined where its folder does not hold what its result says. */
const scoresIn = async ({ folder, result }: ArmRun, key: Key): Promise<Scores | undefined> => {
  const figure = key === 'knowledge' ? 'accuracy' : metricSaid(result.task?.metric ?? '')?.name;
  const { before, after } = await readMeasured(folder, result);
  const [was, is] = [before?.[key], after?.[key]];
  if (figure === undefined || !was || was.length !== result[key]?.n || is?.length !== was.length) return undefined;
  const known = (items: readonly MeasuredItem[]) => items.every(({ values }) => Number.isFinite(values[figure]));
  return known(was) && known(is) && was.every(({ id }, i) => id === is[i]!.id) ? scoresOf(was, is, figure) : undefined;
};

const meanOf = (scores: Scores, key: 'before' | 'after'): number => [...scores.values()].reduce((sum, score) => sum + score[key], 0) / scores.size;

/** The score of an arm of several seeds. */
const scoreOf = (metric: string, seeds: readonly Scores[]): SeedScore => {
  const sameUnits = sharesItems(seeds);
  const [before, after] = [unitsOf(seeds, (score) => score.before), unitsOf(seeds, (score) => score.after)];
  return {
    metric,
    n: countItems(seeds),
    sameItems: alike(seeds),
    before: bootstrapSeeds(before, mean, { sameUnits }),
    after: bootstrapSeeds(after, mean, { sameUnits }),
    difference: pairedBootstrapSeeds(after, before, mean, { sameUnits }),
    bySeed: seeds.map((scores) => ({ before: meanOf(scores, 'before'), after: meanOf(scores, 'after') })),
  };
};

/** The score of a run that no other repeats, as its result has it. */
const scoreIn = ({ result }: ArmRun, key: Key): SeedScore | null => {
  const score = result[key];
  if (!score) return null;
  const { metric, n, before, after, difference = null } = score;
  return { metric, n, sameItems: true, before, after, difference, bySeed: [{ before: before.value, after: after.value }] };
};

const quoted = (runs: readonly ArmRun[]): string => runs.map(({ result }) => `“${result.name}”`).join(', ');

const measure = async ({ name, runs, repeated }: RunsOfArm, note: (sentence: string) => void): Promise<Measured> => {
  const { result } = runs[0]!;
  if (repeated.length > 0) note(`${quoted(repeated)}: repeats a seed of “${name}” and is not counted twice.`);
  const known = await Promise.all(runs.map(async (run) => ({ run, task: await scoresIn(run, 'task'), knowledge: await scoresIn(run, 'knowledge') })));
  const alone = runs.length === 1;
  // A run counts where all that its result has is known item by item.
  const whole = known.filter(({ run, task, knowledge }) => alone || ((task || !run.result.task) && (knowledge || !run.result.knowledge)));
  const left = runs.filter((run) => !whole.some((one) => one.run === run));
  if (left.length > 0)
    note(
      `${quoted(left)}: ${left.length === 1 ? 'holds' : 'hold'} no scores of single items that fit the result, as runs of an earlier version may not; without them nothing is said of more than one seed.`,
    );
  const scored = (key: Key): readonly Scores[] | undefined => {
    const own = whole.flatMap((one) => one[key] ?? []);
    if (own.length === 0 || own.length < whole.length) return undefined;
    const metrics = [...new Set(whole.map(({ run }) => run.result[key]!.metric))];
    if (metrics.length === 1) return own;
    note(`“${name}”: its seeds are not scored alike (${metrics.join(', ')}), so they have no ${key === 'task' ? 'score on the task' : key} together.`);
    return undefined;
  };
  const [task, knowledge] = [scored('task'), scored('knowledge')];
  const scoreFor = (key: Key, own: readonly Scores[] | undefined): SeedScore | null => {
    if (alone) return scoreIn(runs[0]!, key);
    return own ? scoreOf(whole[0]!.run.result[key]!.metric, own) : null;
  };
  const counted = whole.length > 0 ? whole.map(({ run }) => run) : runs;
  const arm: SeedArm = {
    name,
    method: result.method.kind,
    seeds: counted.map(({ seed }) => seed),
    runs: counted.map(({ place }) => place),
    task: scoreFor('task', task),
    knowledge: scoreFor('knowledge', knowledge),
  };
  return { arm, task, knowledge };
};

/** The difference of two arms in some seeds; null where these were not asked the same items. */
const differenceOf = (
  a: readonly Scores[],
  b: readonly Scores[],
  figure: (score: { readonly before: number; readonly after: number }) => number,
): Difference | null => {
  if (a.some((own, i) => !alike([own, b[i]!]))) return null;
  // In the order of the first, item by item.
  const inOrder = b.map((own, i): Scores => new Map([...a[i]!.keys()].map((id) => [id, own.get(id)!])));
  return pairedBootstrapSeeds(unitsOf(a, figure), unitsOf(inOrder, figure), mean, { sameUnits: sharesItems(a) });
};

/** Two arms that have two seeds in common at least. */
const pairOf = (measured: readonly Measured[], first: number, second: number): SeedPair[] => {
  const [a, b] = [measured[first]!, measured[second]!];
  const seeds = a.arm.seeds.filter((seed) => b.arm.seeds.includes(seed));
  if (seeds.length < 2) return [];
  const between = (key: Key, figure: Parameters<typeof differenceOf>[2]): Difference | null => {
    if (a.arm[key]?.metric !== b.arm[key]?.metric) return null;
    const of = ({ arm, [key]: scores }: Measured) => scores && seeds.map((seed) => scores[arm.seeds.indexOf(seed)]!);
    const [ours, theirs] = [of(a), of(b)];
    return ours && theirs ? differenceOf(ours, theirs, figure) : null;
  };
  return [
    {
      arms: [first, second],
      seeds,
      task: between('task', ({ after }) => after),
      knowledge: between('knowledge', ({ before, after }) => after - before),
    },
  ];
};

/**
 * What runs come to where some of them differ in nothing but the seed: these are one arm, with intervals over seeds and items from what each run kept item by item. undefined where no two of them are so.
 *
 * @param folders  of the runs, in the order of their results
 */
export const overSeeds = async (folders: readonly string[], results: readonly AdaptResult[]): Promise<OverSeeds | undefined> => {
  const arms = await seedArms(folders, results);
  if (arms.every(({ runs }) => runs.length < 2)) return undefined;
  const notes: string[] = [];
  const measured: Measured[] = [];
  for (const arm of arms) measured.push(await measure(arm, (sentence) => notes.push(sentence)));
  const pairs = measured.flatMap((_, first) => measured.slice(first + 1).flatMap((_other, i) => pairOf(measured, first, first + 1 + i)));
  return { arms: measured.map(({ arm }) => arm), pairs, notes };
};
