// A reader of a few hundred parameters and made-up documents: everything the real one has, small enough for float64 arithmetic.
import { inOrder, isParameter, type Node, nameOf } from '../../../core/index.ts';
import type { AnnotatedDocument } from '../../../evaluate/index.ts';
import type { BertConfig } from '../../../models/index.ts';
import type { Binding, TensorData } from '../../../runtime/index.ts';
import { hashOf, hashOfName, uniformOf } from '../../../train/index.ts';
import type { Encoder } from '../encoder.ts';
import { goldRows } from '../gold-rows.ts';
import { entityTypes, relationTypes } from '../labels.ts';
import { predictionParameters } from '../network/prediction-graph.ts';
import type { ReaderConfig } from '../reader-config.ts';
import type { GoldRow } from '../training-batch.ts';

export const tinyEncoder: BertConfig = { vocab: 50, hidden: 8, layers: 1, heads: 2, ffn: 12, activation: 'gelu', positions: 128, types: 2, epsilon: 1e-5 };

export const tinyConfig: ReaderConfig = {
  widths: 3,
  ffn: 5,
  projection: 4,
  features: 2,
  relationRatio: 0.5,
  coreferenceRatio: 0.5,
  antecedents: 20,
  window: 64,
};

/** Words to one to three ids by a hash of their spelling. */
export const tinyTokenizer: Pick<Encoder['tokenizer'], 'encodeWords'> = {
  encodeWords(words) {
    const [ids, first, last]: [number[], number[], number[]] = [[], [], []];
    for (const word of words) {
      const hash = hashOfName(word);
      first.push(ids.length);
      for (let i = 0; i <= hash % 3; i++) ids.push(3 + (hashOf(hash, i) % 46));
      last.push(ids.length - 1);
    }
    return { ids, first, last };
  },
};

export const tinySpecial = { cls: 1, sep: 2 };

/** What prediction needs of an encoder; there is no file of weights. */
export const tinyOpened = { config: tinyEncoder, tokenizer: tinyTokenizer, special: tinySpecial } as unknown as Encoder;

/** Random values by name, the same for the same seed. */
export const tinyValue = (node: Node, seed: number, scale = 0.6): TensorData => {
  const shape = node.shape as readonly number[];
  const stream = hashOf(seed, hashOfName(nameOf(node)));
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (2 * uniformOf(stream, i) - 1) * scale);
  return { dtype: 'float32', shape, data };
};

export const tinyParameters = (): Node[] => predictionParameters(tinyEncoder, tinyConfig);

/** Constants for every parameter, the word table in float16 as a package holds it. */
export const tinyBindings = (seed: number): Map<string, Binding> =>
  new Map(
    tinyParameters().map((node): [string, Binding] => {
      const value = tinyValue(node, seed);
      const half = (): TensorData => ({ dtype: 'float16', shape: value.shape, data: new Uint16Array(Float16Array.from(value.data as Float32Array).buffer) });
      return [nameOf(node), { kind: 'constant', value: node.dtype === 'float16' ? half() : value }];
    }),
  );

export const parametersOf = (root: Node): Node[] => inOrder([root]).filter(isParameter);

/** A made-up document: sentences of made-up words, with some entities, relations and clusters. */
export const tinyDocument = (seed: number, lengths: readonly number[]): AnnotatedDocument => {
  const word = (i: number) => `w${hashOf(seed, i) % 30}`;
  let at = 0;
  const sentences = lengths.map((length) => Array.from({ length }, () => word(at++)));
  const entities: AnnotatedDocument['entities'][number][] = [];
  const relations: AnnotatedDocument['relations'][number][] = [];
  let start = 0;
  for (const [i, length] of lengths.entries()) {
    const own = [];
    for (let word = start; word < start + length; word += 2) {
      const end = Math.min(start + length - 1, word + (hashOf(seed, 7, word) % 2));
      own.push({ start: word, end, label: entityTypes[hashOf(seed, 8, word) % entityTypes.length]! });
    }
    entities.push(...own);
    if (own.length > 1) relations.push({ subject: own[0]!, object: own[1]!, label: relationTypes[hashOf(seed, 9, i) % relationTypes.length]! });
    start += length;
  }
  const span = ({ start: from, end }: { start: number; end: number }) => ({ start: from, end });
  return {
    docKey: `tiny-${seed}`,
    sentences,
    entities,
    relations,
    clusters: [entities.slice(0, 3).map(span), entities.slice(3, 5).map(span)].filter((c) => c.length > 1),
  };
};

export const tinyRows = (documents: readonly AnnotatedDocument[], window = tinyConfig.window): GoldRow[] => goldRows(documents, tinyTokenizer, window);
