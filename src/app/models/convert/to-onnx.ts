import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CausalTokenizer, openSafetensors, writeSafetensorsLate, writeWhole } from '../../../formats/index.ts';
import { stepProgram } from '../../../generate/index.ts';
import type { Adapter, CausalSource } from '../../../models/index.ts';
import { type Binding, exportOnnx } from '../../../runtime/index.ts';
import { exampleSizes } from '../../language-model/example-sizes.ts';
import { type WeightMode, withWeights } from '../../language-model/weights.ts';

/** An input or output of an ONNX file. */
export interface OnnxPort {
  readonly name: string;
  readonly dtype: string;
  /** Numbers, and names of lengths that may be any. */
  readonly shape: readonly (number | string)[];
  readonly meaning: string;
}

export interface OnnxInterface {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Tokens that stand before every text: their ids follow the vocabulary's, and they have positions of their own. */
  readonly virtualTokens?: number;
  /** Tokens of a prompt, from its beginning, that its virtual tokens are made of, where they are: those of the second text have ids `virtualTokens` further on, and so forth. */
  readonly askedTokens?: number;
}

const meanings: readonly (readonly [RegExp, string])[] = [
  [/^ids$/, 'new tokens'],
  [/^positions$/, 'their places in their texts, from 0'],
  [/^rows$/, 'places in ids, row by row one after another, whose scores are wanted'],
  [/^past\.mask$/, 'which places of the cache are taken'],
  [/^past\.keys\./, 'cached keys of a layer; kvSeq may be 0'],
  [/^past\.values\./, 'cached values of a layer'],
  [/^asked$/, 'tokens that the virtual tokens of each text are made of, from the beginning of its prompt, -1 behind the last; without virtual tokens any'],
  [/^logits$/, 'scores of the next token, a row for each of rows'],
  [/^added$/, 'what the caller appends to the cache: keys of all layers, then values'],
];

/**
 * Fills a folder with a model as ONNX: model.onnx, model.safetensors with its large weights, and interface.json, which says what goes in and comes out.
 *
 * @param onTensor  told of every weight before it is written
 */
export const writeOnnxFolder = async (
  folder: string,
  {
    name,
    source,
    beside,
    tokenizer,
    mode,
    onTensor,
  }: {
    readonly name: string;
    readonly source: CausalSource;
    /** An adapter that stands beside the weights. */
    readonly beside: Adapter | undefined;
    readonly tokenizer: CausalTokenizer;
    readonly mode: WeightMode;
    readonly onTensor: (name: string) => void;
  },
): Promise<OnnxInterface> => {
  const { config, build } = source.member;
  const step = stepProgram({ name, config, build });
  const { program, inPlace, make } = withWeights(source, beside?.apply(step) ?? step, mode, {
    anywhere: true,
    besides: new Set(beside?.weights.keys()),
  });
  const data = join(folder, 'model.safetensors');
  const made = await make(() => exampleSizes(source, tokenizer));
  for (const [weight, value] of beside?.weights ?? []) made.set(weight, { kind: 'constant', value });
  const bindings = new Map<string, Binding>();
  // Every weight is in the one file: what the model's own file holds as float32 is copied, the rest as it was prepared.
  const tensors = [...inPlace.keys(), ...made.keys()].map((weight) => {
    const constant = made.get(weight);
    const value = constant?.kind === 'constant' ? constant.value : undefined;
    const shape = value?.shape ?? (inPlace.get(weight) as Extract<Binding, { kind: 'frozen' }>).shape;
    return {
      name: weight,
      dtype: value?.dtype ?? ('float32' as const),
      shape,
      make: async () => {
        onTensor(weight);
        const values = value?.data ?? (await source.values(weight));
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      },
    };
  });
  await writeSafetensorsLate(data, tensors);
  for (const [weight, { dtype, shape, offset }] of (await openSafetensors(data)).tensors)
    bindings.set(weight, { kind: 'frozen', file: data, offset, dtype: dtype as never, shape });
  const { bytes, inputs, outputs, folder: named } = await exportOnnx(program, bindings);
  await writeWhole(join(folder, 'model.onnx'), [bytes]);
  if (named === undefined) await rm(data); // all weights are small, and in the ONNX file
  const port = ({ name, dtype, shape }: { name: string; dtype: string; shape: readonly (number | string)[] }): OnnxPort => ({
    name,
    dtype,
    shape,
    meaning: meanings.find(([test]) => test.test(name))?.[1] ?? '',
  });
  const { virtualTokens = 0, askedTokens = 0 } = beside ?? {};
  const face = {
    inputs: inputs.map(port),
    outputs: outputs.map(port),
    ...(virtualTokens > 0 && { virtualTokens }),
    ...(askedTokens > 0 && { askedTokens }),
  };
  await writeWhole(join(folder, 'interface.json'), [Buffer.from(`${JSON.stringify({ format: 1, model: name, weights: mode, ...face }, null, 2)}\n`)]);
  return face;
};
