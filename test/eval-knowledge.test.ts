import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKnowledgeTest } from '../src/app/eval-knowledge.ts';
import { openLanguageModel } from '../src/app/language-model/index.ts';
import { writeTinyAdapter } from '../src/app/testing/tiny-adapter.ts';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';
import { changedAnswers, type MeasuredItem } from '../src/evaluate/index.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-eval-'));
const model = join(folder, 'tiny');
const adapter = join(folder, 'speaker');
const at = (name: string) => join(folder, name);
const lines = (name: string, records: readonly object[]) => {
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  writeFileSync(at(name), name.endsWith('.gz') ? gzipSync(text) : text);
  return at(name);
};
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [bin, 'eval', ...args, '--threads', '1'], { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, encoding: 'utf8' });

beforeAll(async () => {
  await writeTinyModel(model);
  await writeTinyAdapter(adapter);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const facts = ['Lima', 'Rome', 'Oslo', 'Cairo'].map((object, i) => ({ relation: 'capital', subject: `s${i}`, prompt: `The capital of s${i} is`, object }));

describe('lyceum eval of a language model', () => {
  it('ranks facts by the probabilities that scoring gives, with an adapter and without, and keeps every item', async () => {
    const data = lines('facts.jsonl.gz', facts);
    const plain = run('facts', '--data', data, '--model', model, '--json', '--output', at('plain.jsonl'));
    const beside = run('facts', '--data', data, '--model', model, '--adapter', adapter, '--json', '--output', at('beside.jsonl'));
    expect([plain.status, beside.status], plain.stderr + beside.stderr).toEqual([0, 0]);
    const printed = JSON.parse(plain.stdout);
    expect(printed).toMatchObject({ task: 'facts', n: 4, model: 'tiny', metrics: { chance: 0.25 }, groups: { capital: { n: 4 } }, skipped: [] });
    expect(printed.convention).toMatch(/same relation/);
    const { low, high } = { low: printed.ci95.accuracy[0], high: printed.ci95.accuracy[1] };
    expect(low <= printed.metrics.accuracy && printed.metrics.accuracy <= high).toBe(true);
    expect(JSON.parse(beside.stdout).model).toBe('speaker');
    const items = (name: string) => readFileSync(at(name), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as MeasuredItem); // biome-ignore format: short
    await using alone = await openLanguageModel(model, { threads: 1 });
    for (const [i, { prompt, object }] of facts.entries()) {
      const scores = await Promise.all(facts.map(async (fact) => (await alone.logprobs(prompt, ` ${fact.object}`)).logprob));
      const { gold, values } = items('plain.jsonl')[i]!;
      expect(gold).toBe(object);
      expect(values['logprob']).toBeCloseTo(scores[i]!, 2);
      expect(values['rank']).toBe(1 + scores.filter((score, j) => j !== i && score >= scores[i]!).length);
    }
    // The model's letters are random, so another model finds other ones probable.
    expect(items('beside.jsonl').map(({ values }) => values['logprob'])).not.toEqual(items('plain.jsonl').map(({ values }) => values['logprob']));
    const { lost, gained, stillRight, stillWrong } = changedAnswers(items('plain.jsonl'), items('beside.jsonl'), 'accuracy');
    expect(lost.length + gained.length + stillRight + stillWrong).toBe(4);
  }, 120_000);

  it('asks questions and samples of tasks, and says what it left out', () => {
    const questions = lines('questions.jsonl', [{ question: 'who?', answers: ['I', 'me'] }, { question: 'what?', answer: 'that' }]); // biome-ignore format: two
    const asked = run('closed-book', '--data', questions, '--model', model, '--json');
    expect([asked.status, asked.stderr]).toEqual([2, expect.stringMatching(/items that the model can be asked, got none; the first: .*model's context/)]); // four answered questions are longer
    const spoken = run('closed-book', '--data', questions, '--model', model, '--json', '--style', 'chat');
    expect(spoken.status, spoken.stderr).toBe(0);
    expect(Object.keys(JSON.parse(spoken.stdout).metrics)).toEqual(['exact-match', 'contains', 'word-f1', 'gold-logprob-per-token']);
    const samples = lines('samples.jsonl', [{ instruction: 'Say hi', output: 'hi' }, { instruction: 'Say no', output: '' }, { instruction: 'x'.repeat(300), output: 'x' }]); // biome-ignore format: two
    const left = run('tasks', '--data', samples, '--model', model, '--json');
    expect([left.status, JSON.parse(left.stdout).skipped]).toEqual([
      3,
      [
        { where: `${samples} line 2`, reason: 'its answer is empty' },
        { where: '3', reason: expect.stringMatching(/context/) },
      ],
    ]);
    const labels = lines('labels.jsonl', [{ text: 'good', label: 'positive' }]);
    const chosen = run('tasks', '--data', labels, '--labels', 'sst2', '--model', model, '--style', 'chat');
    expect([chosen.status, chosen.stdout], chosen.stderr).toEqual([0, expect.stringMatching(/^tiny: 1 samples in .* s\naccuracy +[01]\.000 +\[/)]);
  }, 120_000);

  it('refuses wrong data and missing models at once, with what to do', () => {
    const refused = (pattern: RegExp, ...args: string[]) => {
      const { status, stderr } = run(...args);
      expect(stderr).toMatch(pattern);
      expect(status).toBe(2);
    };
    const data = lines('more.jsonl', facts);
    refused(/give --model/, 'facts', '--data', data);
    refused(/nothing at this path/, 'facts', '--data', at('none.jsonl'), '--model', model);
    refused(/only facts ship with Lyceum/, 'closed-book', '--data', 'builtin', '--model', model);
    refused(/more.jsonl line 1: question/, 'closed-book', '--data', data, '--model', model);
    writeFileSync(at('broken.jsonl.gz'), 'no gzip');
    refused(/expected a gzip file/, 'facts', '--data', at('broken.jsonl.gz'), '--model', model);
  }, 120_000);

  it('asks the same of every model: drawn by the seed', async () => {
    const data = lines('many.jsonl', Array.from({ length: 40 }, (_, i) => ({ question: `q${i}?`, answer: `a${i}` }))); // biome-ignore format: short
    const silent = {
      info: {} as never,
      generate: async () => ({ text: 'a1', tokenIds: [], finishReason: 'stop' as const, usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 } }),
      scoreCompletions: async (_: unknown, all: readonly string[]) => all.map(() => ({ logprob: -1, tokenLogprobs: [-1], tokenIds: [0] })),
    };
    const ids = async (seed: number) => {
      const test = await readKnowledgeTest('closed-book', { data, limit: 10, seed });
      return (await test.measure(silent)).items.map(({ id }) => id);
    };
    expect(await ids(1)).toEqual(await ids(1));
    expect(await ids(1)).not.toEqual(await ids(2));
    expect((await readKnowledgeTest('facts', { data: 'builtin', limit: 3 })).n).toBe(3 * 23);
  });
});
