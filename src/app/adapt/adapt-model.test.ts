import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptOptions } from './adapt-options.ts';
import { listRuns } from './list-runs.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);

beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  await writeTinyModel(at('other'), { context: 512, vocab: 272 });
  const samples = Array.from({ length: 20 }, (_, n) => ({ instruction: `Which colour has box ${n}?`, output: ['red', 'green'][n % 2] }));
  const more = samples.map(({ output }, n) => ({ instruction: `Is box ${n} closed?`, output: output === 'red' ? 'yes' : 'no' }));
  for (const [name, lines] of Object.entries({ data: samples, more }))
    await writeFile(at(`${name}.jsonl`), lines.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
});

const adapt = (more: Partial<AdaptOptions>) =>
  adaptModel({ data: at('data.jsonl'), model: at('tiny'), runsDir: at('runs'), threads: 1, method: 'lora', length: 64, replay: 0, weights: 'f32', ...more });

describe('the last weights of a run', () => {
  it('are kept where told to; the run is known by it, and its report says it', async () => {
    // What is held out answers otherwise than what is learnt: the longer, the worse.
    await writeFile(at('otherwise.jsonl'), [30, 31].map((n) => `${JSON.stringify({ instruction: `Which colour has box ${n}?`, output: 'blue' })}\n`).join(''));
    const hard = {
      output: at('last'),
      evaluation: at('otherwise.jsonl'),
      epochs: 6,
      learningRate: 0.005,
      schedule: 'constant',
      warmup: 0,
      keep: 'last',
    } as const;
    const { result } = await adapt(hard);
    const judged = result!.loss.flatMap(({ heldOut }) => (heldOut === undefined ? [] : [heldOut]));
    expect(judged.at(-1)).toBeGreaterThan(Math.min(...judged) + 0.1);
    expect(result).toMatchObject({ kept: { weights: 'last', epoch: 6 }, perplexityHeldOut: { after: Math.exp(judged.at(-1)!) } });
    expect(JSON.parse(await readFile(at('last', 'run.json'), 'utf8'))).toMatchObject({ config: { keep: 'last' } });
    expect(await readFile(at('last', 'report.html'), 'utf8')).toContain('the last, of epoch 6');
    expect((await adapt(hard)).result).toEqual(result);
    await expect(adapt({ ...hard, keep: 'best' })).rejects.toThrow(/expected the run that is begun there/);
  }, 60_000);
});

it('tells what frozen weights in whole numbers cost: its held-out loss before training beside that of floats', async () => {
  const { perplexityHeldOut, frozen: none } = (await adapt({ output: at('floats'), epochs: 1 })).result!;
  expect(none).toBeUndefined();
  const bytes = await adapt({ output: at('bytes'), epochs: 1, weights: 'int8' });
  const { held, f32 } = bytes.result!.frozen!.heldOutLoss;
  expect(f32).toBeCloseTo(Math.log(perplexityHeldOut!.before), 6);
  expect(held).toBeCloseTo(Math.log(bytes.result!.perplexityHeldOut!.before), 9);
  expect(held).not.toBe(f32);
  expect(await readFile(at('bytes', 'report.html'), 'utf8')).toContain('in int8: before training');
}, 60_000);

it('foresees that memory will not do: the price says so, and what would take less', async () => {
  const dry = async () => {
    const notes: string[] = [];
    const { price } = await adapt({ dryRun: true, onNote: (note) => notes.push(note) });
    expect(price.seconds).toBeGreaterThan(price.measuringSeconds);
    expect(price.measuringSeconds).toBeGreaterThan(0);
    expect(notes.find((note) => note.startsWith('lora: '))).toMatch(/, about [\d,]+ \S+ and [\d,]+ \S+ to measure before and after, /);
    return { price, notes };
  };
  using free = vi.spyOn(process, 'availableMemory').mockReturnValue(200e6);
  const short = await dry();
  expect(short.price.bytes).toBeGreaterThan(200e6);
  expect(short.price.warning).toMatch(/^training takes about \d+ MB, and 200 MB are free here: .+; take --memory 200mb/);
  expect(short.notes.at(-1)).toBe(short.price.warning);
  free.mockReturnValue(2 * short.price.bytes);
  const enough = await dry();
  expect([enough.price.warning, enough.notes.filter((note) => note.includes('are free here'))]).toEqual([null, []]);
}, 60_000);

describe('a run that starts from another', () => {
  const begun = { data: '', output: '', from: '', epochs: 1, learningRate: 1e-12 };
  beforeAll(() => Object.assign(begun, { data: at('more.jsonl'), output: at('second'), from: at('last') }));
  const filesIn = async (folder: string, name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as unknown;

  it('says in a dry run what it would take, and writes nothing', async () => {
    const notes: string[] = [];
    const { price } = await adapt({ ...begun, dryRun: true, onNote: (note) => notes.push(note) });
    expect(price.trainable).toBeGreaterThan(0);
    expect(notes).toContain(`starts from what last learnt (${at('last')})`);
    expect(existsSync(at('second'))).toBe(false);
  }, 60_000);

  it('measures before with that on, ends there where it learns nothing, and says where it began', async () => {
    const { result } = await adapt(begun);
    const { sha256 } = ((await filesIn(at('last', 'adapter'), 'lyceum.json')) as { weights: { sha256: string } }).weights;
    expect(result!.from).toEqual({ name: 'last', path: at('last'), sha256 });
    expect(await filesIn(at('second'), 'run.json')).toMatchObject({ config: { from: 'last' }, data: { from: sha256 } });
    const knowledge = async (folder: string, file: string) => ((await filesIn(folder, file)) as { knowledge: unknown }).knowledge;
    expect(await knowledge(at('second'), 'before.json')).toEqual(await knowledge(at('last'), 'after.json'));
    expect(await filesIn(at('second'), 'after.json')).toEqual(await filesIn(at('second'), 'before.json'));
    const { before, after } = result!.perplexityHeldOut!;
    expect(after).toBeCloseTo(before, 6);
    expect(await readFile(at('second', 'report.html'), 'utf8')).toContain('starts from “last”');
    expect((await adapt(begun)).result).toEqual(result);
  }, 60_000);

  it('is refused where the one it starts from is none, of another model, or trains something else', async () => {
    const refused = (more: Partial<AdaptOptions>) => expect(adapt({ ...begun, ...more })).rejects;
    await refused({ from: at('none') }).toThrow(/none: expected a run that is over, with result\.json, got none/);
    await refused({ model: at('other') }).toThrow(
      /last: expected a run on other with weights \S+… to start from, got one on tiny with weights \S+…; take the model/,
    );
    await refused({ method: 'ia3' }).toThrow(
      /last: expected a run with method ia3, .+ to start from, got one with method lora, .+; train with the method and options/,
    );
    await refused({ options: { rank: 2 } }).toThrow(/expected a run with rank 2 to start from, got one with rank 8/);
    await refused({ against: { localised: { blocks: [1] } } }).toThrow(/expected a run with blocks \[1\] to start from, got one with blocks none/);
    await refused({ method: 'fisher-masked' }).toThrow(/expected a run with method fisher-masked to start from, got one with method lora/);
    await refused({ method: 'retrieved' }).toThrow(/expected a method that is trained to start from .+, got retrieved/);
    await refused({ output: at('last') }).toThrow(/expected a folder of its own for the run, got .+last, from which it starts/);
  }, 60_000);

  it('is another run than one that starts elsewhere', async () => {
    const { from: _, ...base } = begun;
    await expect(adapt(base)).rejects.toThrow(/expected the run that is begun there/);
  }, 60_000);
});

describe('the arm that trains nothing', () => {
  const retrieved = (more: Partial<AdaptOptions> = {}) =>
    adaptModel({ data: at('data.jsonl'), model: at('tiny'), runsDir: at('runs'), threads: 1, method: 'retrieved', ...more });

  it('is a run as any: known by what it reads, over when it is over, and listed', async () => {
    const { folder, result, data } = await retrieved();
    // What is held out is what any other method holds out, so that they compare.
    expect(data.heldOut).toEqual((await adapt({ dryRun: true })).data.heldOut);
    expect(result).toMatchObject({ method: { kind: 'retrieved' }, trainable: 0, task: { n: 2 } });
    expect((await listRuns(at('runs'))).map(({ name, state, method }) => [name, state, method])).toEqual([['data-retrieved', 'finished', 'retrieved']]);
    await rm(join(folder, 'before.json')); // what was measured is not measured again: it would be there
    expect((await retrieved()).result).toEqual(result);
    expect(existsSync(join(folder, 'before.json'))).toBe(false);
    await expect(retrieved({ data: at('more.jsonl'), output: folder })).rejects.toThrow(/expected the run that is begun there \(data/);
    await expect(retrieved({ kindRules: [{ pattern: 'box', kind: 'boxes' }] })).rejects.toThrow(/expected the run that is begun there \(config/);
  }, 60_000);

  it('takes no options of training', async () => {
    await expect(retrieved({ epochs: 3, options: { rank: 2 } })).rejects.toThrow(/which trains nothing, got epochs, options; leave it out/);
  });
});
