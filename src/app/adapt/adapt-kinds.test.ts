import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { adaptModel } from './adapt-model.ts';
import type { AdaptOptions } from './adapt-options.ts';

// A sentence encoder of two directions: what is asked of a box, and all else.
vi.mock('../open-embedder-apart.ts', () => ({
  openEmbedderApart: async () => ({
    embed: async (texts: readonly string[]) => texts.map((text) => (/box/.test(text) ? Float32Array.of(1, 0) : Float32Array.of(0, 1))),
    [Symbol.asyncDispose]: async () => {},
  }),
}));

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);
const boxes = Array.from({ length: 6 }, (_, n) => ({ id: `box ${n}`, instruction: `Which colour has box ${n}?`, output: ['red', 'green'][n % 2] }));
const cows = Array.from({ length: 6 }, (_, n) => ({ id: `cow ${n}`, instruction: `How many legs do ${n + 2} cows have?`, output: String(4 * n + 8) }));
const write = (name: string, samples: readonly object[]) => writeFile(at(name), samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));

beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  await write('some.jsonl', [...boxes.map((one, n) => (n < 4 ? { ...one, kind: 'colour' } : one)), ...cows.map((one, n) => (n < 4 ? { ...one, kind: 'count' } : one))]); // biome-ignore format: one thought
  await write('none.jsonl', [...boxes, ...cows]);
});

/** A run with what it said and what it learns. */
const adapt = async (more: Partial<AdaptOptions>) => {
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const shared = { model: at('tiny'), runsDir: at('runs'), threads: 1, method: 'loramoe', length: 64, replay: 0, weights: 'f32', epochs: 1 } as const;
  return { notes, ...(await adaptModel({ data: at('some.jsonl'), ...shared, onNote, ...more })) };
};
const kindsOf = ({ data }: Awaited<ReturnType<typeof adapt>>) =>
  Object.fromEntries([...data.texts, ...data.heldOutTexts].map(({ id, kind }) => [id, data.kinds.get(kind)]));

describe('kinds of samples in a run', () => {
  it('are completed by likeness where some samples have one, and the run says how well that guesses', async () => {
    const made = await adapt({ dryRun: true });
    expect(made.notes).toContain('4 samples without a kind were given that of the samples they are most like, which is right for 100 % of those that have one');
    expect(made.data.classified).toEqual({ given: 4, right: 1 });
    expect(made.data.read.kinds).toEqual({ colour: 6, count: 6 });
    for (const [id, kind] of Object.entries(kindsOf(made))) expect([id, kind]).toEqual([id, id.startsWith('box') ? 'colour' : 'count']);
    expect((await adapt({ dryRun: true, data: at('none.jsonl') })).data.classified).toBeUndefined();
  }, 60_000);

  it('are told by rules before fields, and by these experts are used', async () => {
    const kindRules = [
      { pattern: '^how many', kind: 'number' },
      { pattern: 'box', kind: 'thing' },
    ];
    const made = await adapt({ kindRules, output: at('ruled') });
    expect(made.data.read.kinds).toEqual({ number: 6, thing: 6 });
    for (const [id, kind] of Object.entries(kindsOf(made))) expect([id, kind]).toEqual([id, id.startsWith('box') ? 'thing' : 'number']);
    expect(made.result!.experts!.byKind.every(({ kind }) => ['number', 'thing'].includes(kind))).toBe(true);
    expect(JSON.parse(await readFile(at('ruled', 'run.json'), 'utf8'))).toMatchObject({ config: { kindRules } });
    await expect(adapt({ output: at('ruled') })).rejects.toThrow(/expected the run that is begun there/);
    await expect(adapt({ dryRun: true, kindRules: [{ pattern: '(box', kind: 'x' }] })).rejects.toThrow(/expected a rule with a regular expression, got \(box/);
  }, 60_000);
});

describe('samples that are let in', () => {
  it('ask something new, and are not those that the run is judged by', async () => {
    const asks = ['Which harbour lies furthest east?', 'Name seven green herbs.', 'Who painted those old doors?', 'When does the ferry leave?'];
    const learnt = [...asks, 'Which harbour lies furthest east today?'].map((instruction, n) => ({ id: `s${n}`, instruction, output: `answer ${n}` }));
    await write('admit.jsonl', learnt);
    await write('judge.jsonl', [learnt[2]!, { id: 'other', instruction: 'Where do cranes sleep?', output: 'abroad' }]);
    const files = { data: at('admit.jsonl'), evaluation: at('judge.jsonl'), output: at('admitted') };
    const { data, result, notes } = await adapt({ ...files, admit: true });
    expect(data.refused).toEqual([
      { id: 's2', reason: 'its words stand in the held-out part' },
      { id: 's4', reason: 'it asks nearly what an earlier one asks' },
    ]);
    expect(data.texts.map(({ id }) => id).sort()).toEqual(['s0', 's1', 's3']);
    expect(result!.data).toMatchObject({ samples: 3, skipped: data.refused.map(({ reason }) => ({ reason, samples: 1 })) });
    expect(notes).toContain('left out s4: it asks nearly what an earlier one asks');
    expect(JSON.parse(await readFile(at('admitted', 'run.json'), 'utf8'))).toMatchObject({ config: { admit: true } });
    const all = await adapt({ ...files, output: at('all'), dryRun: true });
    expect([all.data.texts.length, all.data.refused]).toEqual([5, []]);
    await expect(adapt(files)).rejects.toThrow(/expected the run that is begun there/);
  }, 60_000);
});
