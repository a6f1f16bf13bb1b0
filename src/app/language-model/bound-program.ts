import type { Program } from '../../core/index.ts';
import type { CausalTokenizer } from '../../formats/index.ts';
import type { Adapter, CausalSource } from '../../models/index.ts';
import { type Binding, describeMachine } from '../../runtime/index.ts';
import { exampleSizes } from './example-sizes.ts';
import { keptWeights } from './kept-weights.ts';
import { type HoldOptions, type WeightMode, withWeights } from './weights.ts';

/** A program of a model with its weights held in a mode, and what stands beside them; none is read. */
export const heldProgram = (
  source: CausalSource,
  beside: Adapter | undefined,
  whole: Program,
  mode: WeightMode,
  { many = false, quick = false }: Pick<HoldOptions, 'many' | 'quick'> = {},
) => withWeights(source, beside?.apply(whole) ?? whole, mode, { many, quick, besides: new Set(beside?.weights.keys()) });

/**
 * A program of a model with its weights held in a mode, and what stands beside them.
 *
 * @param options  see `HoldOptions`
 */
export const boundProgram = async (
  { source, tokenizer, beside, threads }: { source: CausalSource; tokenizer: CausalTokenizer; beside: Adapter | undefined; threads: number | undefined },
  whole: Program,
  mode: WeightMode,
  options: Pick<HoldOptions, 'many' | 'quick'> = {},
): Promise<{ program: Program; bindings: Map<string, Binding> }> => {
  const { program, inPlace, names, form, make } = heldProgram(source, beside, whole, mode, options);
  const kept = await keptWeights(source.files, `${mode} ${describeMachine().instructionSet} ${form}`, names, () =>
    make(() => exampleSizes(source, tokenizer, threads)),
  );
  const branches = [...(beside?.weights ?? [])].map(([name, value]): [string, Binding] => [name, { kind: 'constant', value }]);
  return { program, bindings: new Map([...inPlace, ...kept, ...branches]) };
};
