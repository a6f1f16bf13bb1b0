import { concat, input, type Node, type Program, unsqueeze } from '../core/index.ts';
import type { CausalModel } from './causal-model.ts';

export const keysOf = (layer: number): string => `keys.${layer}`;
export const valuesOf = (layer: number): string => `values.${layer}`;

/**
 * One program for prompts and for single tokens: some new tokens of some sequences, against what is cached of them. The cache is an input alone; the program gives the new rows, and who holds the cache
 * writes them in.
 *
 * Inputs: ids, positions, mask [batch, seq]; pastMask [batch, kvSeq]; rows [rows]; keys.N and values.N [batch, kvHeads, kvSeq, headDim]. Outputs: logits [rows, vocab]; added
 * [2 · layers, batch, kvHeads, seq, headDim], the keys of all layers, then the values.
 */
export const stepProgram = ({ name, layers, kvHeads, headDim, build }: CausalModel): Program => {
  const cached = (named: (layer: number) => string): Node[] =>
    Array.from({ length: layers }, (_, layer) => input(named(layer), ['batch', kvHeads, 'kvSeq', headDim]));
  const { logits, keys, values } = build({
    ids: input('ids', ['batch', 'seq'], 'int64'),
    positions: input('positions', ['batch', 'seq'], 'int64'),
    mask: input('mask', ['batch', 'seq'], 'bool'),
    past: { keys: cached(keysOf), values: cached(valuesOf), mask: input('pastMask', ['batch', 'kvSeq'], 'bool') },
    rows: input('rows', ['rows'], 'int64'),
  });
  const added = concat(
    [...keys, ...values].map((rows) => unsqueeze(rows, 0)),
    0,
  );
  return { name: `${name}/step`, outputs: { logits, added } };
};
