import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CausalTokenizer } from '../../formats/index.ts';
import { answerOf, contentHash, promptOf, readSamples, readTexts, readTrainingData, type Sample } from './index.ts';
import { tinyTokenizer } from './testing/tiny-tokenizer.ts';

let folder: string;
let tokenizer: CausalTokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-samples-'));
  tokenizer = await tinyTokenizer();
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};
const lines = (name: string, records: readonly unknown[]): Promise<string> => file(name, records.map((record) => JSON.stringify(record)).join('\n'));
const reasonOf = async (record: unknown): Promise<string> => (await readSamples(await lines('one.jsonl', [{ text: 'good' }, record]))).skipped[0]?.reason ?? '';

describe('readSamples', () => {
  const user = { role: 'user', content: 'Q' };
  const assistant = { role: 'assistant', content: 'A' };

  it.each<[string, unknown, Sample['shape'], string, string]>([
    ['messages', { messages: [{ role: 'system', content: 'S' }, user, assistant] }, 'chat', 'S\nQ', 'A'],
    ['messages of parts', { messages: [{ role: 'user', content: [{ type: 'text', text: 'Q' }] }, assistant] }, 'chat', 'Q', 'A'],
    [
      'conversations',
      {
        conversations: [
          { from: 'human', value: 'Q' },
          { from: 'gpt', value: 'A' },
        ],
      },
      'chat',
      'Q',
      'A',
    ],
    ['an instruction', { instruction: 'I', output: 'A' }, 'instruction', 'I', 'A'],
    ['an instruction with input', { instruction: 'I', input: 'X', output: 7 }, 'instruction', 'I\n\nX', '7'],
    ['a prompt and its completion', { prompt: 'Q', completion: ' A' }, 'instruction', 'Q', ' A'],
    ['a prompt and its response', { prompt: 'Q', response: 'A' }, 'instruction', 'Q', 'A'],
    ['messages as prompt and completion', { prompt: [user], completion: [assistant] }, 'instruction', 'Q', 'A'],
    ['a question and its answer', { question: 'Q', answer: 'A' }, 'instruction', 'Q', 'A'],
    ['a question and its answers', { question: 'Q', answers: ['A', 'B'] }, 'instruction', 'Q', 'A'],
    ['a question about a context', { question: 'Q', context: 'C', answers: { text: ['A'], answer_start: [1] } }, 'instruction', 'C\n\nQ', 'A'],
    ['a preference of strings', { prompt: 'Q', chosen: 'A', rejected: 'B' }, 'preference', 'Q', 'A'],
    ['a preference of messages', { messages: [user], chosen: [assistant], rejected: [{ role: 'assistant', content: 'B' }] }, 'preference', 'Q', 'A'],
    [
      'a preference that repeats its prompt',
      { prompt: 'Q', chosen: [user, assistant], rejected: [user, { role: 'assistant', content: 'B' }] },
      'preference',
      'Q',
      'A',
    ],
    ['a preference of whole conversations', { chosen: [user, assistant], rejected: [user, { role: 'assistant', content: 'B' }] }, 'preference', 'Q', 'A'],
    ['a text', { text: 'T', meta: {} }, 'text', 'T', 'T'],
  ])('recognises %s', async (_, record, shape, prompt, answer) => {
    const { samples, shapes, skipped } = await readSamples(await lines('shape.jsonl', [record]));
    expect(skipped).toEqual([]);
    expect(shapes).toEqual({ [shape]: 1 });
    expect([samples[0]!.shape, promptOf(samples[0]!), answerOf(samples[0]!)]).toEqual([shape, prompt, answer]);
    expect(samples[0]).toMatchObject(shape === 'preference' ? { id: 'line 1', line: 1, rejected: 'B' } : { id: 'line 1', line: 1 });
  });

  it.each<[unknown, RegExp]>([
    [{ instruction: 'I', output: ' ' }, /output is empty: there is no answer/],
    [{ instruction: 'I' }, /output is missing/],
    [{ instruction: '', output: 'A' }, /nothing before the answer/],
    [{ prompt: 'Q', chosen: 'A' }, /rejected is missing/],
    [{ chosen: 'A', rejected: 'B' }, /no prompt before the answers/],
    [{ chosen: [user, assistant], rejected: [{ role: 'user', content: 'other' }, assistant] }, /differ before their last message/],
    [{ messages: [user] }, /the last message is of user/],
    [{ messages: [] }, /no messages/],
    [{ messages: [user, { role: 'assistant', content: '' }] }, /answer is empty/],
    [{ messages: [{ role: 'wizard', content: 'Q' }, assistant] }, /unknown role "wizard"/],
    [{ messages: [{ role: 'constructor', content: 'Q' }, assistant] }, /unknown role/],
    [{ messages: [{ role: 'user', content: [{ type: 'image' }] }, assistant] }, /a part that is no text/],
    [{ messages: 'hello' }, /no list of messages/],
    [{ question: 'Q', answers: [] }, /answers is missing/],
    [{ text: '\n' }, /text is empty/],
    [{ foo: 1, bar: 2 }, /no shape fits the fields foo, bar/],
    [[1], /no object/],
    ['text', /no object/],
    [null, /no object/],
  ])('says why %j is no sample', async (record, reason) => {
    expect(await reasonOf(record)).toMatch(reason);
  });

  it('reads a file of mixed shapes with damage, and says so line by line', async () => {
    const path = await file(
      'mixed.jsonl',
      Buffer.concat([
        Buffer.from('\uFEFF{"id":"a","question":"Q","answer":"A","task_type":1}\r\n\r\n{"id":"a","text":"T"}\n{"id":"a#2",'),
        Buffer.from([0xff, 10]),
        Buffer.from(`{"text":"${'x'.repeat(3000)}"}\n{"id":"a#2","instruction":"Q","output":"A","kind":"x"}\n{not json\n{"id":9,"text":"last"}`),
      ]),
    );
    const read = await readSamples(path, { maxLineBytes: 1000 });
    expect(read.samples.map(({ id, line, kind }) => [id, line, kind])).toEqual([
      ['a', 1, '1'],
      ['a#2', 3, undefined],
      ['a#2#2', 6, 'x'],
      ['9', 8, undefined],
    ]);
    expect(read.shapes).toEqual({ instruction: 2, text: 2 });
    expect(read.kinds).toEqual({ 1: 1, x: 1 });
    expect(read.renamed).toEqual([
      { line: 3, id: 'a', now: 'a#2' },
      { line: 6, id: 'a#2', now: 'a#2#2' },
    ]);
    expect(read.duplicates).toEqual([{ id: 'a#2#2', of: 'a' }]);
    expect(read.skipped.map(({ line }) => line)).toEqual([4, 5, 7]);
    expect(read.skipped.map(({ reason }) => reason).join('\n')).toMatch(/not UTF-8\n.*3011 bytes, more than 1000\n.*no JSON/);
  });

  it('takes kinds from a named field or from rules', async () => {
    const path = await lines('kinds.jsonl', [
      { question: 'Question: who?', answer: 'A', source: 'qa', kind: 'other' },
      { question: 'Sort this', answer: 'A', source: 3, kind: 'other' },
      { question: 'Sort that', answer: 'A', source: { deep: true } },
    ]);
    const named = await readSamples(path, { kindField: 'source' });
    expect(named.kinds).toEqual({ 3: 1, qa: 1 });
    expect(named.skipped).toEqual([{ line: 3, reason: 'source is neither text nor number: {"deep":true}' }]);
    const ruled = await readSamples(path, { kindRules: [{ pattern: /^question:/i, kind: 'knowledge' }] });
    expect(ruled.samples.map(({ kind }) => kind)).toEqual(['knowledge', 'other', undefined]);
  });

  it('refuses a file without samples and a JSON list, and bounds their number', async () => {
    await expect(readSamples(await file('empty.jsonl', ''))).rejects.toThrow(/expected samples, got an empty file/);
    await expect(readSamples(await file('blank.jsonl', '\n \n'))).rejects.toThrow(/an empty file/);
    await expect(readSamples(await lines('none.jsonl', [{ a: 1 }]))).rejects.toThrow(/1 lines that are none, the first in line 1: no shape fits/);
    await expect(readSamples(await file('list.json', '[\n{"text": "a"}]'))).rejects.toThrow(/expected JSON Lines, got a JSON list/);
    await expect(readSamples(await lines('many.jsonl', [{ text: 'a' }, { text: 'b' }]), { maxSamples: 1 })).rejects.toThrow(/at most 1 samples/);
    expect((await readSamples(await lines('single.jsonl', [{ text: 'a' }]))).samples).toHaveLength(1);
  });

  it('reads lines that lie across the blocks of a file', async () => {
    const records = Array.from({ length: 40 }, (_, i) => ({ text: `é${i}`.repeat(2000 + i) }));
    const { samples, skipped } = await readSamples(await lines('long.jsonl', records));
    expect(skipped).toEqual([]);
    expect(samples.map((sample) => sample.shape === 'text' && sample.text)).toEqual(records.map(({ text }) => text));
  });

  it('has one hash for what is taught alike', async () => {
    const { samples } = await readSamples(
      await lines('same.jsonl', [
        { id: 'x', messages: [user, assistant] },
        { question: 'Q', answer: 'A', kind: 'k' },
        { question: 'Q', answer: 'B' },
      ]),
    );
    expect(contentHash(samples[0]!)).toBe(contentHash(samples[1]!));
    expect(contentHash(samples[0]!)).not.toBe(contentHash(samples[2]!));
  });
});

describe('readTexts', () => {
  it('reads the text files of a folder in order, cut at paragraph ends', async () => {
    const root = join(folder, 'texts');
    await mkdir(join(root, 'b', '.hidden'), { recursive: true });
    const paragraphs = Array.from({ length: 6 }, (_, i) => `Paragraph ${i} of the text, which has about fifty letters.`);
    await Promise.all([
      writeFile(join(root, 'b', 'long.txt'), paragraphs.join('\n\n')),
      writeFile(join(root, 'a.md'), '# Short\n'),
      writeFile(join(root, 'c.txt'), Buffer.from([0xff, 0xfe, 0x41])),
      writeFile(join(root, 'd.txt'), ' \n'),
      writeFile(join(root, 'e.json'), '{}'),
      writeFile(join(root, 'b', '.hidden', 'f.txt'), 'unseen'),
    ]);
    const read = await readTrainingData(root, { tokenizer, length: 130 });
    expect(read.samples.map(({ id, line }) => [id, line])).toEqual([
      ['a.md', 1],
      [join('b', 'long.txt#1'), 1],
      [join('b', 'long.txt#2'), 5],
      [join('b', 'long.txt#3'), 9],
    ]);
    expect(read.samples.map((sample) => sample.shape === 'text' && (sample.continues ?? false))).toEqual([false, true, true, false]);
    expect(
      read.samples
        .slice(1)
        .map((sample) => (sample.shape === 'text' ? sample.text : ''))
        .join(''),
    ).toBe(paragraphs.join('\n\n'));
    expect(read.skipped).toEqual([
      { file: 'c.txt', line: 1, reason: 'the file is not UTF-8' },
      { file: 'd.txt', line: 1, reason: 'the file is empty' },
    ]);
    await mkdir(join(folder, 'nothing'));
    await expect(readTexts(join(folder, 'nothing'), { tokenizer, length: 130 })).rejects.toThrow(/expected text in .txt or .md files, got none/);
  });
});
