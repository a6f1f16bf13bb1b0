import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { pairedBootstrap } from '../../evaluate/index.ts';
import { type AdaptResult, compareReport } from '../../report/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptProgress } from './adapt-options.ts';
import type { Measured } from './kept-measured.ts';
import type { MatrixCell } from './matrix-cells.ts';
import { knownMatrix, measureMatrix } from './measure-matrix.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);
const jsonIn = async <T>(...names: string[]): Promise<T> => JSON.parse(await readFile(at(...names), 'utf8')) as T;
const write = (value: unknown, ...names: string[]): Promise<void> => writeFile(at(...names), JSON.stringify(value));
let [first, second]: readonly AdaptResult[] = [];

beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  const tasks = {
    colours: (n: number) => ({ instruction: `Box ${n}?`, output: `The colour is ${['red', 'green'][n % 2]} today.` }),
    doors: (n: number) => ({ instruction: `Door ${n}?`, output: `This door was ${['open', 'shut'][n % 2]} then.` }),
  };
  for (const [name, sample] of Object.entries(tasks))
    await writeFile(at(`${name}.jsonl`), Array.from({ length: 30 }, (_, n) => JSON.stringify(sample(n))).join('\n'));
  const recipe = {
    model: at('tiny'),
    runsDir: at(),
    threads: 2,
    method: 'lora',
    length: 96,
    replay: 0,
    weights: 'f32',
    epochs: 6,
    learningRate: 0.02,
  } as const;
  first = (await adaptModel({ ...recipe, data: at('colours.jsonl'), output: at('one') })).result;
  second = (await adaptModel({ ...recipe, data: at('doors.jsonl'), output: at('two'), from: at('one') })).result;
}, 120_000);

const measure = (onProgress: (progress: AdaptProgress) => void = () => {}, signal?: AbortSignal) =>
  measureMatrix([at('one'), at('two')], { threads: 2, onProgress, ...(signal && { signal }) });

describe('the matrix of runs that start from one another', () => {
  it('keeps a cell as soon as it is known, and asks it no more after it was stopped', async () => {
    expect(await knownMatrix([at('one'), at('two')])).toBeUndefined();
    const stop = new AbortController();
    const asked: AdaptProgress[] = [];
    const stopped = measure((progress) => {
      asked.push(progress);
      if (progress.stage === 'opening two') stop.abort(new Error('enough'));
    }, stop.signal);
    await expect(stopped).rejects.toThrow('enough');
    // What the results do not say: the base on the second task, and the second stage on the first.
    expect(new Set(asked.map(({ total }) => total))).toEqual(new Set([first!.task!.n + second!.task!.n]));
    expect((await jsonIn<{ cells: { model: string }[] }>('one', 'matrix.json')).cells.filter(({ model }) => model === 'base')).toHaveLength(3);
    const again: AdaptProgress[] = [];
    await measure((progress) => again.push(progress));
    expect(again.at(-1)).toMatchObject({ stage: 'asking two what one held out', done: first!.task!.n, total: first!.task!.n, secondsLeft: 0 });
  }, 60_000);

  it('has the scores of the runs themselves where these are the same', async () => {
    const matrix = (await knownMatrix([at('one'), at('two')]))!;
    const [one, two] = [first!, second!];
    expect(matrix).toMatchObject({
      tasks: [
        { name: 'world knowledge', n: one.knowledge!.n, learntAt: 'before' },
        { name: 'one', metric: 'words in common (F1)', n: one.task!.n, learntAt: 0 },
        { name: 'two', n: two.task!.n, learntAt: 1 },
      ],
      stages: ['one', 'two'],
      apart: [],
    });
    expect(matrix.before.slice(0, 2)).toEqual([one.knowledge!.before.value, one.task!.before.value]);
    expect(matrix.scores[0]).toEqual([one.knowledge!.after.value, one.task!.after.value, two.task!.before.value]);
    expect([matrix.scores[1]![0], matrix.scores[1]![2]]).toEqual([two.knowledge!.after.value, two.task!.after.value]);
    expect(one.task!.after.value).toBeGreaterThan(one.task!.before.value);
    const { averageScore, changes } = matrix.summary;
    expect(averageScore).toBeCloseTo(matrix.scores[1]!.reduce((a, b) => a + b, 0) / 3, 9);
    expect(changes[1]).toBeCloseTo(matrix.scores[1]![1]! - matrix.scores[0]![1]!, 9);
    // What became of the first task is paired item by item: what its run measured itself with what the matrix asked the second stage.
    const { intervals, askedWith } = matrix;
    expect([askedWith, one.askedWith, two.askedWith]).toEqual(['f32', 'f32', 'f32']);
    const { task } = await jsonIn<Measured>('one', 'after.json');
    const learnt = task.map(({ values }) => values['word-f1']!);
    const asked = (await jsonIn<{ cells: MatrixCell[] }>('one', 'matrix.json')).cells.at(-1)!.items;
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    const { value, low, high } = pairedBootstrap(asked, learnt, mean, { seed: 2 });
    expect([changes[1], intervals.changes[1]!.low, intervals.changes[1]!.high]).toEqual([value, low, high].map((figure) => expect.closeTo(figure, 9)));
    const { backwardTransfer } = intervals;
    expect(backwardTransfer!.low).toBeLessThanOrEqual(matrix.summary.backwardTransfer!);
    expect(backwardTransfer!.high).toBeGreaterThanOrEqual(matrix.summary.backwardTransfer!);
    const page = await compareReport([one, two], { matrix });
    expect(page).toContain('One task after another');
    expect(page).not.toContain('does not start from');
  });

  it('asks anew what a result says of another model, and finds the same of this one', async () => {
    await rm(at('one', 'matrix.json'));
    // A result that says it started elsewhere tells nothing of what the first stage makes of the second task.
    await write({ ...second!, from: { ...second!.from!, sha256: 'f'.repeat(64) } }, 'two', 'result.json');
    const matrix = await measure();
    expect(matrix.scores[0]![2]).toBeCloseTo(second!.task!.before.value, 12);
    expect(matrix.apart).toEqual([1]);
    expect(await compareReport([first!, second!], { matrix })).toContain('“two” does not start from “one”');
    await write(second!, 'two', 'result.json');
  }, 60_000);

  it('takes no answers of weights that were held otherwise', async () => {
    const known = await jsonIn<Measured>('two', 'before.json');
    await rm(at('one', 'matrix.json'));
    await write({ ...known, weights: 'int8' }, 'two', 'before.json'); // as a run that was begun with others has them
    expect(await knownMatrix([at('one'), at('two')])).toBeUndefined(); // the first stage on the second task
    await measure();
    const { cells } = await jsonIn<{ cells: MatrixCell[] }>('one', 'matrix.json');
    expect(new Set(cells.map(({ weights }) => weights))).toEqual(new Set(['f32']));
    await write(known, 'two', 'before.json');
  }, 60_000);

  it('is refused for runs on different models, too few, without a result, or whose samples have changed', async () => {
    const matrixOf = (...runs: string[]) => expect(measureMatrix(runs.map((run) => at(run)), { threads: 2 })).rejects; // biome-ignore format: short
    await matrixOf('one').toThrow(/expected two runs at least as stages of learning, got 1/);
    await matrixOf('one', 'none').toThrow(/none: expected a run that is over/);
    await write({ ...second!, model: { ...second!.model, name: 'other', sha256: 'e'.repeat(64) } }, 'two', 'result.json');
    await matrixOf('one', 'two').toThrow(/two: expected a run on tiny, as the first is, got one on other with other weights/);
    await write({ ...second!, task: null }, 'two', 'result.json');
    await matrixOf('one', 'two').toThrow(/two: expected a run whose held-out samples can be asked, got plain texts/);
    await write(second!, 'two', 'result.json');
    await rm(at('one', 'matrix.json'));
    await writeFile(at('colours.jsonl'), '{"instruction": "a", "output": "b"}');
    await matrixOf('one', 'two').toThrow(/colours\.jsonl: expected the samples of the run .+one, got others/);
  }, 60_000);
});
