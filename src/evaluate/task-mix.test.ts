import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { summarise } from './measured-item.ts';
import { asMessages, type ChoiceItem, measureTasks, parseTaskItems } from './task-mix.ts';

const shared = new URL('../../../shared/data/', import.meta.url);
const parseAll = (lines: readonly object[], more = {}) => parseTaskItems(lines.map((line) => JSON.stringify(line)).join('\n'), 'f', more);
const parse = (lines: readonly object[], more = {}) => parseAll(lines, more).items;

describe('samples of tasks', () => {
  it('are known by their fields', () => {
    expect(parse([{ prompt: 'p', options: ['a', 'b'], answer: 'b' }, { prompt: 'q', options: ['a', 'b'], answer: 0, task: 't' }])).toEqual([
      { id: '1', prompt: 'p', options: ['a', 'b'], right: 1 },
      { id: '2', group: 't', prompt: 'q', options: ['a', 'b'], right: 0 },
    ]); // biome-ignore format: two lines
    expect(parse([{ prompt: 'p', answers: ['x', 'y'] }])).toEqual([{ id: '1', prompt: 'p', answers: ['x', 'y'] }]);
    expect(parse([{ instruction: 'Do', input: 'this', output: 'done' }])).toEqual([
      { id: '1', prompt: [{ role: 'user', content: 'Do\n\nthis' }], answers: ['done'] },
    ]);
    expect(parse([{ template: 'n', prompt: 'p', completion: 'c' }])).toEqual([{ id: '1', group: 'n', prompt: 'p', answers: ['c'] }]);
    expect(parse([{ text: 'fine', label: 'positive' }], { label: 'sst2' })[0]).toMatchObject({ options: ['negative', 'positive'], right: 1 });
    expect(parse([{ text: 'fine', label: 4 }], { label: 'sst5' })[0]).toMatchObject({ right: 4 });
    expect(parse([{ question: 'Q?', choices: { text: ['x', 'y'], label: ['A', 'B'] }, answerKey: 'B' }])[0]).toMatchObject({ options: ['x', 'y'], right: 1 });
    expect(asMessages(parse([{ prompt: 'p', answer: 'x' }]))[0]!.prompt).toEqual([{ role: 'user', content: 'p' }]);
  });

  it('without an answer are left out, and told', () => {
    const lines = [
      { instruction: 'Do', output: 'done' },
      { instruction: 'Do', output: ' ' },
    ];
    expect(parseAll(lines)).toMatchObject({ items: [{ id: '1' }], skipped: [{ where: 'f line 2', reason: 'its answer is empty' }] });
    expect(() => parseAll(lines.slice(1))).toThrow(/samples with an answer, got 1 without/);
  });

  it('are refused with line and reason', () => {
    expect(() => parse([{ prompt: 'p', options: ['a', 'b'], answer: 'c' }])).toThrow(/f line 1: answer: expected one of the options \["a","b"\]/);
    expect(() => parse([{ prompt: 'p', options: ['a', 'b'], answer: 2 }])).toThrow(/f line 1: answer/);
    expect(() => parse([{ prompt: 'p', answer: 'x' }, { prompt: 'p' }])).toThrow(/f line 2: expected either answer or answers, got neither/);
    expect(() => parse([{ text: 'x', label: 'positive' }])).toThrow(/say which task it is: sst2, sst5, trec/);
    expect(() => parse([{ text: 'x', label: 'so-so' }], { label: 'sst2' })).toThrow(/f line 1: answer: .*got "so-so"/);
    expect(() => parse([{ words: 'x' }])).toThrow(/known shape, got the fields words/);
    expect(() => parse([{ id: 1, prompt: 'p', answer: 'x' }, { id: 1, prompt: 'q', answer: 'x' }])).toThrow(/every id once/); // biome-ignore format: one line
  });

  it('are measured by what is chosen or written, in the order given', async () => {
    const items = [
      { id: 'w', group: 'writing', prompt: 'say hi', answers: ['hi'] },
      { id: 'c', group: 'choosing', prompt: 'pick', options: ['long one', 'b'], right: 0 },
      { id: 'd', group: 'choosing', prompt: 'pick', options: ['long one', 'b'], right: 1 },
    ];
    const seen: number[] = [];
    const measured = await measureTasks(
      items,
      {
        write: async () => 'Hi!',
        // The longer option is less probable as a whole and more so by token.
        score: async (_, completions) =>
          completions.map((text) => (text === ' long one' ? { logprob: -3, tokenLogprobs: [-1, -1, -1] } : { logprob: -2, tokenLogprobs: [-2] })),
      },
      { onProgress: (done) => void seen.push(done) },
    );
    expect(measured.map(({ id }) => id)).toEqual(['w', 'c', 'd']);
    expect(seen).toEqual([1, 2, 3]);
    expect(measured[1]!.values).toEqual({ accuracy: 0, 'accuracy-per-token': 1, margin: -1, chance: 0.5 });
    expect(measured[2]).toMatchObject({ answer: 'b', values: { accuracy: 1, 'accuracy-per-token': 0, margin: 1 } });
    const { metrics, groups } = summarise('tasks', measured, '');
    expect(metrics).toMatchObject({ accuracy: 0.5, 'exact-match': 1 }); // each over those that have it
    expect(groups).toMatchObject({ choosing: { n: 2, accuracy: 0.5 }, writing: { n: 1, 'exact-match': 1 } });
    expect(groups!['writing']).not.toHaveProperty('accuracy');
  });

  it.skipIf(!existsSync(shared))('of the files beside the project are all read', () => {
    const read = (name: string, more = {}) => {
      const bytes = readFileSync(new URL(name, shared));
      return parseTaskItems((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString(), name, more);
    };
    const right = (name: string, label: string) => new Set(read(name, { label }).items.map((item) => (item as ChoiceItem).right)).size;
    expect([right('sst/sst2_dev.jsonl', 'sst2'), right('sst/sst5_dev.jsonl', 'sst5'), right('trec/train.jsonl', 'trec')]).toEqual([2, 5, 6]);
    for (const [name, samples] of [
      ['instructions/alpaca_5k.jsonl.gz', 5000],
      ['instructions/t0_p3_20_per_template.jsonl.gz', 4629],
    ] as const) {
      const { items, skipped } = read(name);
      expect(items.length + skipped.length).toBe(samples);
      expect(skipped.length).toBeGreaterThan(0);
    }
  });
});
