import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { readSamples } from '../../adapt/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import type { Measured } from './kept-measured.ts';
import { askedFacts, measureModel, measuringTokens } from './measure-model.ts';

const own = ownHome();
const at = (...names: string[]): string => join(own.path, ...names);

beforeAll(async () => {
  await writeTinyModel(at('tiny'), { context: 512 });
  await writeFile(at('data.jsonl'), '{"instruction": "Box 1?", "output": "red"}\n{"instruction": "Box 2?", "output": "green"}\n');
});

it('takes what was measured only from weights that are held as they are now', async () => {
  const { samples: heldOut } = await readSamples(at('data.jsonl'));
  const file = at('before.json');
  let asked = 0;
  const measure = (weights?: Measured['weights']): Promise<Measured> => {
    asked = 0;
    const onProgress = () => void asked++;
    return measureModel(file, { model: at('tiny'), heldOut, threads: 2, seed: 1, knowledge: [], onProgress, ...(weights && { weights }) });
  };
  const floats = await measure();
  expect([floats.weights, asked > 0]).toEqual(['f32', true]);
  expect([await measure(), asked]).toEqual([floats, 0]);
  expect([await measure('f32'), asked]).toEqual([floats, 0]);
  const bytes = await measure('int8');
  expect([bytes.weights, asked > 0]).toEqual(['int8', true]);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(bytes);
  expect([await measure(), asked]).toEqual([bytes, 0]); // who comes first decides, and says how
  const { weights: _, ...silent } = bytes;
  await writeFile(file, JSON.stringify(silent)); // as an earlier version wrote it
  expect([(await measure()).weights, asked > 0]).toEqual(['f32', true]);
}, 60_000);

it('costs what questions, candidates and answers have tokens, twice, and a written answer before as much as may be', async () => {
  const encode = (text: string): number[] => Array(text.length).fill(0); // a token a character
  const facts = (await askedFacts(1)).reduce(
    (sum, { prompt, candidates }) => sum + prompt.length + candidates.reduce((all, one) => all + one.length + 1, 0),
    0,
  );
  expect(await measuringTokens({ encode }, [], 1)).toBe(3 * 2 * facts);
  const { samples } = await readSamples(at('data.jsonl'));
  expect(await measuringTokens({ encode }, samples, 1)).toBe(3 * (2 * (facts + 2 * 'Box 1?'.length) + 2 * 96 + 'red'.length + 'green'.length + 2));
});
