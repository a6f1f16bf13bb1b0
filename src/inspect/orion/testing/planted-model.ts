// A network of two planted stages: one block copies what is asked to the last token, a later one looks it up in the context. All other blocks pass on what they get.
import { add, gather, matmul, named, parameter } from '../../../core/index.ts';
import { blockSite, type CausalInputs, causalAttention, causalBias } from '../../../nn/index.ts';
import { type Binding, type Engine, tensorOf } from '../../../runtime/index.ts';
import { type Blockwise, type InspectedModel, inspectedProgram, openBlockwise } from '../../blockwise.ts';
import type { Encoder } from '../first-token.ts';
import type { Draft, OrionTask } from '../task.ts';

const keys = ['A', 'B', 'C'];
const values = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
const words = [...keys, ...values, '?', ':', 'x', 'y', 'z'];
const vocab = words.length;
const length = 9; // of a prompt: three pairs, what is asked, a question mark, a colon
const asked = length - 3;

/** Prompts such as `A 3 C 7 B 2 C ? :`: each key is followed by its value, and the last key is asked. Every prompt ends alike. */
export const plantedTask: OrionTask = {
  family: 'planted',
  variant: 'pairs',
  answers: new Map([['value', ' ']]),
  draft: (count, draw) => ({
    prompts: Array.from({ length: count }, (): Draft => {
      const order = draw.shuffle(keys);
      const drawn = draw.shuffle(values);
      const pairs = order.map((key, i) => ({ key, value: drawn[i]! }));
      const key = draw.pick(keys);
      return {
        text: `${pairs.map(({ key, value }) => `${key} ${value}`).join(' ')} ${key} ? :`,
        request: { ask: 'value', where: [['key', key]] },
        context: pairs.map(({ key, value }) => [
          { name: 'key', value: key },
          { name: 'value', value },
        ]),
      };
    }),
  }),
};

export const plantedTokenizer: Encoder & { textOf(id: number): string } = {
  encode: (text) => text.split(' ').map((word) => words.indexOf(word)),
  textOf: (id) => words[id]!,
};

/** A text as long as a prompt that holds no key, no value and no request. */
export const unrelated = 'x y z x y z y x z';

// Parts of the residual stream: which token it is, where it stands, which token stands before it, what is asked, and what the answer is.
const part = { token: 0, place: vocab, before: vocab + length, asked: 2 * vocab + length, answer: 3 * vocab + length };
const hidden = 4 * vocab + length;
const headDim = Math.max(vocab, length);
const sharp = 30;

type Cell = readonly [row: number, column: number, value: number];
const diagonal = (count: number, cell: (i: number) => Cell): Cell[] => Array.from({ length: count }, (_, i) => cell(i));
const tokens = (cell: (id: number) => Cell): Cell[] => diagonal(vocab, cell);

/** A head that reads which token stands `back` places before, and writes that into a part of the stream. */
const looksBack = (back: number, into: number) => ({
  q: diagonal(length - back, (i) => [i, part.place + i + back, sharp]),
  k: diagonal(length, (i) => [i, part.place + i, 1]),
  v: tokens((id) => [id, part.token + id, 1]),
  out: tokens((id) => [into + id, id, 1]),
});

/** A head that finds the token behind what is asked. The question mark stands behind a key too, and the first token looks back at itself: both are kept out. */
const looksUp = {
  q: tokens((id) => [id, part.asked + id, sharp]),
  k: [part.token + words.indexOf('?'), part.place].flatMap((column) => tokens((id) => [id, column, -5])).concat(tokens((id) => [id, part.before + id, 1])),
  v: tokens((id) => [id, part.token + id, 1]),
  out: tokens((id) => [part.answer + id, id, 1]),
};

export interface Planted {
  readonly layers: number;
  /** Blocks, from 0: after the first the last token knows what is asked, after the second the answer. */
  readonly request: number;
  readonly answer: number;
}

/** @param planted  with 0 < request < answer < layers: block 0 tells every token which one stands before it */
export const openPlanted = async (engine: Engine, { layers, request, answer }: Planted): Promise<Blockwise> => {
  const config = { layers, hidden, vocab, kvHeads: 1, headDim, positions: length };
  const build = (inputs: CausalInputs) => {
    const [batch, seq] = inputs.ids.shape;
    const bias = causalBias({ batch: batch!, seq: seq!, segments: inputs.segments, past: inputs.past?.mask });
    const places = gather(parameter('places', [length, hidden]), inputs.positions);
    let stream = named('embed', add(gather(parameter('words', [vocab, hidden]), inputs.ids), places));
    const made = Array.from({ length: layers }, (_, layer) => {
      const past = inputs.past && { keys: inputs.past.keys[layer]!, values: inputs.past.values[layer]!, counts: inputs.past.counts };
      const found = causalAttention(`blocks.${layer}.attn`, stream, { heads: 1, kvHeads: 1, headDim, scale: 1, bias, past });
      stream = named(blockSite(layer, 'resid.post'), add(stream, found.out));
      return found;
    });
    const logits = matmul(stream, parameter('logits', [vocab, hidden]), { transposeB: true });
    return { logits, keys: made.map(({ keys }) => keys), values: made.map(({ values }) => values) };
  };
  const bindings = new Map<string, Binding>();
  const bind = (name: string, [rows, columns]: readonly [number, number], cells: readonly Cell[]): void => {
    const data = new Float32Array(rows * columns);
    for (const [row, column, value] of cells) data[row * columns + column] = value;
    bindings.set(name, { kind: 'constant', value: tensorOf('float32', [rows, columns], data) });
  };
  bind('words', [vocab, hidden], tokens((id) => [id, part.token + id, 1])); // biome-ignore format: one call
  bind('places', [length, hidden], diagonal(length, (i) => [i, part.place + i, 1])); // biome-ignore format: one call
  bind('logits', [vocab, hidden], tokens((id) => [id, part.answer + id, 10])); // biome-ignore format: one call
  const planted = new Map([[0, looksBack(1, part.before)], [request, looksBack(length - 1 - asked, part.asked)], [answer, looksUp]]); // biome-ignore format: three blocks
  for (let layer = 0; layer < layers; layer++) {
    const own = planted.get(layer);
    for (const which of ['q', 'k', 'v'] as const) bind(`blocks.${layer}.attn.${which}.weight`, [headDim, hidden], own?.[which] ?? []);
    bind(`blocks.${layer}.attn.out.weight`, [hidden, headDim], own?.out ?? []);
  }
  const model: InspectedModel = { name: 'planted', config, build };
  return openBlockwise(engine, model, inspectedProgram(model), bindings);
};
