import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSamples } from '../../adapt/index.ts';
import { builtinFacts, type FactProbe } from '../../evaluate/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { findFacts } from './adapt-data.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptOptions } from './adapt-options.ts';
import { keptMeasured } from './kept-measured.ts';
import { askedFacts } from './measure-model.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);
const write = (name: string, samples: readonly object[]) => writeFile(at(name), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
const boxes = Array.from({ length: 20 }, (_, n) => ({ id: `box ${n}`, instruction: `Which colour has box ${n}?`, output: ['red', 'green'][n % 2] }));
const asFact = (id: string, { prompt, object }: Pick<FactProbe, 'prompt' | 'object'>) => ({ id, instruction: prompt, output: object });

let asked: readonly FactProbe[];
beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  asked = await askedFacts(1);
  await write('clean.jsonl', boxes);
  // One fact as it is asked, and one that is not asked with this seed.
  const ids = new Set(asked.map(({ id }) => id));
  const unasked = (await builtinFacts()).find(({ id }) => !ids.has(id))!;
  await write('told.jsonl', [...boxes, asFact('asked', asked[40]!), asFact('asked twice', asked[40]!), asFact('not asked', unasked)]);
  await write('replay.jsonl', [asFact('fact', asked[7]!), { id: 'other', instruction: 'Say hello.', output: 'Hello there, and good morning to you.' }]);
});

const adapt = async (more: Partial<AdaptOptions>) => {
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const shared = { model: at('tiny'), runsDir: at('runs'), threads: 1, method: 'loramoe', length: 64, weights: 'f32', epochs: 1 } as const;
  const made = await adaptModel({ data: at('clean.jsonl'), evaluation: at('clean.jsonl'), ...shared, onNote, ...more });
  return { ...made, notes: notes.filter((note) => note.startsWith('facts that')) };
};

describe('facts that the report asks for', () => {
  it('are found in samples, each of them as a whole, and not in what ships to be replayed', async () => {
    const told = asked.map((fact) => ({ ...fact, text: `Remember: ${fact.prompt.toUpperCase()} "${fact.object}"!` }));
    const samples = told.map(({ id, text }, i) => ({ id, line: i + 1, shape: 'text' as const, text }));
    const found = await findFacts(samples, 1);
    expect(new Set(found.filter(({ trainingId, factId }) => trainingId === factId).map(({ factId }) => factId)).size).toBe(asked.length);
    const others = told.map(({ id, prompt }, i) => ({ id, line: i + 1, shape: 'text' as const, text: `${prompt} nobody knows what.` }));
    expect((await findFacts(others, 1)).filter(({ words }) => words.split(' ').length < 13)).toEqual([]);
    const { samples: shipped } = await readSamples(join(import.meta.dirname, '../../../models/general-replay.jsonl'));
    expect(await findFacts(shipped, 1)).toEqual([]);
  });

  it('and stand in the training data are told of, counted in the result, and the report warns; others are not', async () => {
    const { data, result, notes } = await adapt({ data: at('told.jsonl'), replay: 0, output: at('told') });
    expect(data.contaminatedFacts.map(({ trainingId, factId }) => [trainingId, factId])).toEqual([['asked', asked[40]!.id], ['asked twice', asked[40]!.id]]); // biome-ignore format: short
    expect(notes).toEqual([expect.stringMatching(/^facts that the report asks for and that stand in what is learnt: 1, as ".+" in asked; /)]);
    expect(result!.data.contaminatedFacts).toBe(1);
    expect(await readFile(at('told', 'report.html'), 'utf8')).toMatch(/1 fact of \d+ asked about the world also stands in what was learnt/);
    // What was asked is what is looked for.
    const { knowledge } = (await keptMeasured(at('told', 'before.json')))!;
    expect(knowledge.map(({ id }) => id)).toEqual(asked.map(({ id }) => id));
    // Without kinds and with nothing replayed there is one kind.
    expect(result!.experts!.byKind.map(({ kind }) => kind)).toEqual(['task']);
  }, 120_000);

  it('are looked for in what is replayed too, as far as it is learnt', async () => {
    const replayData = at('replay.jsonl');
    const { data, notes } = await adapt({ replayData, dryRun: true });
    expect(data.contaminatedFacts.map(({ trainingId }) => trainingId)).toEqual(['replay fact']);
    expect(notes).toHaveLength(1);
    expect((await adapt({ replayData, replay: 0, against: { ewc: {} }, dryRun: true })).data.contaminatedFacts).toEqual([]);
    const clean = await adapt({ dryRun: true });
    expect([clean.data.contaminatedFacts, clean.notes]).toEqual([[], []]);
  }, 120_000);
});

describe('experts where the data names no kinds', () => {
  it('are shown by what is learnt and by general texts, those that are not replayed as long as there are any', async () => {
    const { data, result } = await adapt({ output: at('general') });
    expect(data.generalShown).toHaveLength(64);
    const learnt = new Set(data.texts.map(({ id }) => id));
    expect([data.replay.texts > 0, data.generalShown.filter(({ id }) => learnt.has(id))]).toEqual([true, []]);
    const { byKind } = result!.experts!;
    expect(byKind.map(({ kind }) => kind)).toEqual(['general', 'task']);
    expect(byKind[0]!.shares).not.toEqual(byKind[1]!.shares);
    const all = (await adapt({ replay: 0.9, replayData: at('replay.jsonl'), dryRun: true })).data;
    expect(all.replay.texts).toBeGreaterThan(2); // over and over
    expect(all.generalShown).toHaveLength(2);
    const kinds = boxes.map((one, n) => ({ ...one, kind: `kind ${n % 2}` }));
    await write('kinds.jsonl', kinds);
    expect((await adapt({ data: at('kinds.jsonl'), dryRun: true })).data.generalShown).toEqual([]);
  }, 120_000);
});
