import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootstrap, type MeasuredItem, meanOf, pairedBootstrap } from '../../evaluate/index.ts';
import { type AdaptResult, adaptResultFormat, compareReport, compareVerdict, type Interval, type OverSeeds } from '../../report/index.ts';
import { overSeeds } from './over-seeds.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-seeds-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

type Values = Readonly<Record<string, number>>; // scores by id

/** Every third item is right before, all but every fourth after. */
const ids = (count: number, first = 0): string[] => Array.from({ length: count }, (_, i) => `s${first + i}`);
const before = (names: readonly string[]): Values => Object.fromEntries(names.map((id, i) => [id, Number(i % 3 === 0)]));
const after = (names: readonly string[]): Values => Object.fromEntries(names.map((id, i) => [id, Number(i % 4 !== 0)]));

interface Given {
  readonly seed?: number;
  readonly config?: object;
  readonly data?: object;
  readonly before?: Values;
  readonly after?: Values;
  readonly metric?: 'exact match' | 'words in common (F1)';
  /** Whether items are kept, as earlier versions did not. */
  readonly kept?: boolean;
  /** Whether its result has intervals that were drawn, which takes its time. */
  readonly drawn?: boolean;
}

const figure = { 'exact match': 'exact-match', 'words in common (F1)': 'word-f1' } as const;
const items = (values: Values, name: string): MeasuredItem[] =>
  Object.entries(values).map(([id, value]) => ({ id, prompt: id, gold: '', answer: '', values: { [name]: value } }));
const plain = (all: readonly MeasuredItem[], name: string, seed: number, drawn: boolean): Interval => {
  const { value, low, high } = bootstrap(all, meanOf(name), { seed, samples: drawn ? 1000 : 1 });
  return { value, low, high };
};

/** A run's folder as `adapt` leaves it, of four facts that are all forgotten but one. */
const run = async (name: string, given: Given = {}): Promise<{ folder: string; result: AdaptResult }> => {
  const {
    seed = 1,
    config = {},
    data = {},
    before: was = before(ids(60)),
    after: is = after(ids(60)),
    metric = 'exact match',
    kept = true,
    drawn = false,
  } = given;
  const resampled = { seed, samples: drawn ? 1000 : 1 };
  const folder = join(home, name);
  const key = figure[metric];
  const facts = (values: readonly number[]) => items(Object.fromEntries(values.map((value, i) => [`fact ${i}`, value])), 'accuracy');
  const [known, left] = [facts([1, 1, 1, 0]), facts([1, 0, 0, 0])];
  const [task, done] = [items(was, key), items(is, key)];
  const result: AdaptResult = {
    format: adaptResultFormat,
    name,
    model: { name: 'tiny', sha256: 'a', parameters: 1 },
    data: { path: 'made.jsonl', samples: 9, shapes: [], kinds: [], heldOut: task.length, skipped: [], duplicates: 0, contaminated: 0 },
    method: { kind: 'lora', options: {} },
    askedWith: 'f32',
    trainable: 1,
    tokens: 1,
    seconds: 1,
    peakMemoryBytes: 1,
    price: { estimated: { seconds: 1, bytes: 1 } },
    seeds: [seed],
    loss: [],
    task: {
      metric,
      n: task.length,
      before: plain(task, key, seed, drawn),
      after: plain(done, key, seed, drawn),
      difference: pairedBootstrap(done, task, meanOf(key), resampled),
    },
    perplexityHeldOut: null,
    knowledge: {
      metric: 'facts',
      n: 4,
      before: plain(known, 'accuracy', seed, drawn),
      after: plain(left, 'accuracy', seed, drawn),
      difference: pairedBootstrap(left, known, meanOf('accuracy'), resampled),
      byRelation: [],
    },
    examples: { lost: [], gained: [], task: [] },
    replay: { share: 0, source: null },
    verdict: 'made',
  };
  await mkdir(folder);
  const write = (file: string, value: unknown) => writeFile(join(folder, file), JSON.stringify(value));
  await write('run.json', {
    format: 1,
    kind: 'adapt',
    config: { method: { kind: 'lora', options: {} }, epochs: 2, microRows: 4, recomputed: 6, seed, model: 'tiny', now: `day ${seed}`, ...config },
    data: { training: 'b', model: 'a', ...data },
    seed,
  });
  if (kept) {
    await write('before.json', { weights: 'f32', task, knowledge: known });
    await write('after.json', { weights: 'f32', task: done, knowledge: left });
  }
  return { folder, result };
};

const over = async (...runs: readonly Promise<{ folder: string; result: AdaptResult }>[]): Promise<[OverSeeds | undefined, AdaptResult[]]> => {
  const all = await Promise.all(runs);
  const results = all.map(({ result }) => result);
  const folders = all.map(({ folder }) => folder);
  return [await overSeeds(folders, results), results];
};
const width = ({ low, high }: Interval): number => high - low;

describe('runs over seeds', () => {
  it('are arms where nothing but the seed differs: another recipe, other data or another start is not mixed in', async () => {
    const [found] = await over(
      run('queue-lora-1'),
      run('queue-lora-9', { seed: 9, config: { microRows: 1, recomputed: 30, model: 'a copy' } }), // fitted into memory, and named, otherwise
      run('longer', { seed: 2, config: { epochs: 3 } }),
      run('other-samples', { seed: 2, data: { training: 'c' } }),
      run('other-model', { seed: 2, data: { model: 'd' } }),
      run('later', { seed: 2, data: { from: 'e' } }),
      run('queue-lora-10', { seed: 10 }),
    );
    expect(found!.arms.map(({ name, seeds, runs }) => [name, seeds, runs])).toEqual([
      ['queue-lora', [1, 9, 10], [0, 1, 6]],
      ['longer', [2], [2]],
      ['other-samples', [2], [3]],
      ['other-model', [2], [4]],
      ['later', [2], [5]],
    ]);
    expect([found!.pairs, found!.notes]).toEqual([[], []]);
  });

  it('are none where no recipe has two seeds, and one seed is not counted twice', async () => {
    expect((await over(run('a'), run('b', { config: { epochs: 3 } })))[0]).toBeUndefined();
    const again = await over(run('c-1'), run('c-again'), run('c-2', { seed: 2 }));
    expect(again[0]!.arms[0]).toMatchObject({ name: 'c', seeds: [1, 2], runs: [0, 2] });
    expect(again[0]!.notes).toEqual(['“c-again”: repeats a seed of “c” and is not counted twice.']);
    expect((await over(run('d'), run('d-again')))[0]).toBeUndefined();
  });

  it('have the figures of a plain bootstrap where an arm has one seed', async () => {
    const [found, results] = await over(run('a-1'), run('a-2', { seed: 2 }), run('b', { seed: 7, config: { epochs: 3 }, drawn: true }));
    const { before: was, after: is, difference } = results[2]!.task!;
    expect(found!.arms[1]!.task).toEqual({
      metric: 'exact match',
      n: 60,
      sameItems: true,
      before: was,
      after: is,
      difference,
      bySeed: [{ before: was.value, after: is.value }],
    });
    expect(found!.arms[1]!.knowledge).toMatchObject({ n: 4, difference: results[2]!.knowledge!.difference });
    // Also where only one seed of an arm can be counted.
    const [left] = await over(run('c-1'), run('c-2', { seed: 2, kept: false }));
    expect(left!.arms[0]!.seeds).toEqual([1]);
    expect(left!.arms[0]!.task!.after.value).toBeCloseTo(is.value, 12);
    expect(Math.abs(width(left!.arms[0]!.task!.after) / width(is) - 1)).toBeLessThan(0.1);
  });

  it('know no more by copies of one run, for hard items are hard to all of them', async () => {
    const copies = [1, 2, 3].map((seed) => run(`copy-${seed}`, { seed, drawn: true }));
    const [found, results] = await over(...copies);
    const [score, single] = [found!.arms[0]!.task!, results[0]!.task!];
    expect(score).toMatchObject({ n: 60, sameItems: true, after: { value: single.after.value } });
    for (const of of ['before', 'after', 'difference'] as const) expect(Math.abs(width(score[of]!) / width(single[of]!) - 1)).toBeLessThan(0.1);
    // Three parts of the data, each asked of one seed, do say more.
    const parts = [1, 2, 3].map((seed) => run(`part-${seed}`, { seed, before: before(ids(60, seed * 100)), after: after(ids(60, seed * 100)) }));
    const own = (await over(...parts))[0]!.arms[0]!.task!;
    expect(own).toMatchObject({ n: 180, sameItems: false, after: { value: single.after.value } });
    expect(Math.abs((width(own.after) / width(single.after)) * Math.sqrt(3) - 1)).toBeLessThan(0.15);
  });

  it('draw an item that some seeds share once for all of them', async () => {
    // Seed 2 was asked the items of seed 1 and as many others.
    const [found] = await over(run('a-1', { before: before(ids(30)), after: after(ids(30)) }), run('a-2', { seed: 2 }));
    const { task } = found!.arms[0]!;
    expect(task).toMatchObject({ n: 60, sameItems: false });
    const right = [...Object.values(after(ids(30))), ...Object.values(after(ids(60)))];
    expect(task!.after.value).toBeCloseTo(right.reduce((a, b) => a + b, 0) / 90, 12);
    // Two seeds of one item each, of which one was asked of both: a draw may find none, and no figure is lost by it.
    const few = await over(
      run('b-1', { before: { x: 0 }, after: { x: 1 } }),
      run('b-2', { seed: 2, before: { x: 0 }, after: { x: 1 } }),
      run('b-3', { seed: 3, before: { y: 1 }, after: { y: 0 } }),
    );
    const { before: was, after: is, difference } = few[0]!.arms[0]!.task!;
    for (const { value, low, high } of [was, is, difference!]) expect([value, low, high].every(Number.isFinite)).toBe(true);
    expect(is.value).toBeCloseTo(2 / 3, 12);
  });

  it('are compared arm by arm in the seeds that both have, item by item', async () => {
    const better = { ...after(ids(60)), s0: 1, s4: 1, s8: 1 };
    const [found] = await over(
      run('a-1'),
      run('a-2', { seed: 2 }),
      run('b-2', { seed: 2, config: { epochs: 3 }, after: better }),
      run('b-3', { seed: 3, config: { epochs: 3 }, after: better }),
      run('b-1', { seed: 1, config: { epochs: 3 }, after: Object.fromEntries(Object.entries(better).toReversed()), before: Object.fromEntries(Object.entries(before(ids(60))).toReversed()) }), // biome-ignore format: one run
    );
    const [pair] = found!.pairs;
    expect(pair).toMatchObject({ arms: [0, 1], seeds: [1, 2], knowledge: { value: 0, low: 0, high: 0 } });
    expect(pair!.task!.value).toBeCloseTo(-3 / 60, 12);
    const single = pairedBootstrap(Object.values(after(ids(60))), Object.values(better), (all) => all.reduce((a, b) => a + b, 0) / all.length);
    expect(pair!.task!.low).toBeCloseTo(single.low, 1);
    expect(pair!.task!.high).toBeLessThanOrEqual(0);
    // Arms that were not asked the same samples, or are scored otherwise, have no such difference.
    const apart = await over(
      ...[1, 2].map((seed) => run(`c-${seed}`, { seed })),
      ...[1, 2].map((seed) => run(`d-${seed}`, { seed, config: { epochs: 3 }, before: before(ids(60, 7)), after: after(ids(60, 7)) })),
      ...[1, 2].map((seed) => run(`e-${seed}`, { seed, config: { epochs: 4 }, metric: 'words in common (F1)' })),
    );
    expect(apart[0]!.pairs.map(({ arms, task }) => [arms, task])).toEqual([
      [[0, 1], null],
      [[0, 2], null],
      [[1, 2], null],
    ]);
  });

  it('say in a sentence what cannot be counted, and are no error', async () => {
    const [found, results] = await over(run('old-1', { kept: false }), run('old-2', { seed: 2, kept: false }));
    expect(found).toMatchObject({ arms: [{ name: 'old', seeds: [1, 2], task: null, knowledge: null }], pairs: [] });
    expect(found!.notes).toEqual([
      '“old-1”, “old-2”: hold no scores of single items that fit the result, as runs of an earlier version may not; without them nothing is said of more than one seed.',
    ]);
    expect(compareVerdict(results, found)).toBe(compareVerdict(results));
    expect(await compareReport(results, { overSeeds: found! })).toContain('“old-1”, “old-2”: hold no scores of single items');
    const unlike = await over(run('u-1'), run('u-2', { seed: 2, metric: 'words in common (F1)' }));
    expect(unlike[0]!.arms[0]).toMatchObject({ task: null, knowledge: { n: 4 } });
    expect(unlike[0]!.notes).toEqual(['“u”: its seeds are not scored alike (exact match, words in common (F1)), so they have no score on the task together.']);
  });

  it('are named by what the names of runs have in common', async () => {
    const nameOf = async (...names: string[]) => (await over(...names.map((name, i) => run(name, { seed: i }))))[0]!.arms[0]!.name; // biome-ignore format: short
    expect(await nameOf('queue-seed1', 'queue-seed2')).toBe('queue');
    expect(await nameOf('box-s10', 'box-s11')).toBe('box');
    expect(await nameOf('run7b-1', 'run7b-2')).toBe('run7b');
    expect(await nameOf('door', 'door-2')).toBe('door');
    expect(await nameOf('first', 'second')).toBe('LoRA');
  });
});
