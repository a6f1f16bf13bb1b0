import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveModel } from '../../app/models/resolve-model.ts';
import { openGguf, renderChat, tokenizerFromGguf } from '../../formats/index.ts';
import { answerOf, findOverlaps, holdOut, packBatches, packedFeeds, readSamples, textOf, tokenise } from './index.ts';

const data = fileURLToPath(new URL('../../../../shared/data/world_qa/', import.meta.url));
const [train, test] = [`${data}webquestions_train.jsonl`, `${data}webquestions_devtest.jsonl`];
const model = await resolveModel('smollm2-135m-instruct').catch(() => undefined);

describe('closed-book questions for SmolLM2', () => {
  it('become packed rows of what the model sees at use', async ({ skip }) => {
    if (!existsSync(train)) return skip('the questions are not here');
    if (!model) return skip('smollm2-135m-instruct is not here: lyceum models pull smollm2-135m-instruct');
    const { metadata } = await openGguf(model.path);
    const [tokenizer, chatTemplate] = [tokenizerFromGguf(metadata), metadata.get('tokenizer.chat_template') as string];
    const { samples, skipped, shapes } = await readSamples(train);
    const lines = (await readFile(train, 'utf8')).split('\n').filter((line) => line.trim() !== '').length;
    expect([samples.length + skipped.length, Object.keys(shapes)]).toEqual([lines, ['instruction']]);
    const { training, heldOut } = holdOut(samples, { seed: 0 });
    expect(heldOut.length).toBe(200);
    const some = training.slice(0, 500);
    const { texts, cut, refused } = await tokenise(some, { tokenizer, chatTemplate, length: 256 });
    expect([texts.length, cut, refused]).toEqual([500, [], []]);
    for (const [i, sample] of some.slice(0, 50).entries()) {
      if (sample.shape === 'text' || sample.shape === 'preference') continue;
      const asked = await renderChat(chatTemplate, { messages: sample.turns.slice(0, -1).map((turn) => ({ ...turn })), addGenerationPrompt: true });
      const prompt = tokenizer.encode(asked, { special: false });
      const { ids, answer } = texts[i]!;
      expect(ids.slice(0, prompt.length)).toEqual(prompt);
      expect(answer.lastIndexOf(false)).toBe(prompt.length - 1);
      expect(tokenizer.decode(ids.slice(prompt.length))).toBe(answerOf(sample));
      expect(ids.at(-1)).toBe(tokenizer.eos[0]);
    }
    const lengths = texts.map(({ ids }) => ids.length);
    const batches = packBatches(lengths, { length: 256, rows: 4, seed: 0, epoch: 0 });
    const tokens = lengths.reduce((a, b) => a + b, 0);
    expect(batches.flat().length).toBeLessThanOrEqual(1.25 * Math.ceil(tokens / 256));
    const [feeds] = packedFeeds(batches[0]!.map((row) => row.map((text) => texts[text]!)));
    expect(feeds!.ids.shape).toEqual([4, 256]);
  });

  it('of training and test share none whole but those that stand in both', async ({ skip }) => {
    if (!existsSync(train)) return skip('the questions are not here');
    const passages = async (path: string) => (await readSamples(path)).samples.map((sample) => ({ id: sample.id, text: textOf(sample).split('\n')[0]! }));
    const [own, other] = [await passages(train), await passages(test)];
    const found = findOverlaps(own, other, { common: 1000 });
    const words = (text: string) =>
      ` ${text
        .toLowerCase()
        .replace(/['’]/g, '')
        .match(/[\p{L}\p{M}\p{N}]+/gu)!
        .join(' ')} `;
    const byId = new Map(own.map(({ id, text }) => [id, words(text)]));
    const items = new Map(other.map(({ id, text }) => [id, words(text)]));
    for (const { trainingId, evaluationId, shared } of found) {
      expect(byId.get(trainingId)).toContain(` ${shared} `);
      expect(items.get(evaluationId)).toContain(` ${shared} `);
    }
  });
});
