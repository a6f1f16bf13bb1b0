import { elements, FormatError, type Node, NotFoundError, nameOf, sameShape } from '../core/index.ts';
import type { SafetensorsFile, TensorInfo } from '../formats/index.ts';

const floats = new Set(['float32', 'float16', 'bfloat16']);

/**
 * Where each parameter of a model lies in a file of weights.
 *
 * @param names       parameter name → names it may have in the file, the likelier first; a parameter without an entry is looked for under its own name
 * @param parameters  what the model needs; tensors nobody asks for are ignored
 * @returns           parameter name → name in the file
 * @throws NotFoundError naming every parameter that is missing · FormatError where a shape differs or the values are not floats
 */
export const locateWeights = (
  file: SafetensorsFile,
  names: ReadonlyMap<string, readonly string[]>,
  parameters: readonly Node[],
): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const missing: string[] = [];
  for (const node of parameters) {
    const ours = nameOf(node);
    const candidates = names.get(ours) ?? [ours];
    const theirs = candidates.find((name) => file.tensors.has(name));
    if (theirs === undefined) {
      missing.push(candidates[0]!);
      continue;
    }
    checkFit(file.tensors.get(theirs)!, node, `weights ${file.path} tensor ${theirs}`);
    found.set(ours, theirs);
  }
  if (missing.length > 0) {
    const shown = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ` and ${missing.length - 5} more` : '');
    throw new NotFoundError(
      `weights ${file.path}: expected all ${parameters.length} tensors of the model, got none called ${shown}; the file holds another model or a part of one`,
    );
  }
  return found;
};

const checkFit = ({ shape, dtype }: TensorInfo, node: Node, where: string): void => {
  if (!sameShape(shape, node.shape))
    throw new FormatError(`${where}: expected shape [${node.shape.join(', ')}], got [${shape.join(', ')}]; the config and the weights are of two models`);
  if (!floats.has(dtype)) throw new FormatError(`${where}: expected float32, float16 or bfloat16, got ${dtype}; convert the weights`);
};

/** A weight that stays in its file: what the runtime maps or reads when a program is compiled. */
export interface FrozenWeight {
  readonly kind: 'frozen';
  readonly file: string;
  /** From the start of the file, in bytes. */
  readonly offset: number;
  readonly dtype: 'float32' | 'float16' | 'bfloat16';
  readonly shape: readonly number[];
}

/** Bindings that leave every parameter in its file: arguments as `locateWeights`. */
export const frozenWeights = (file: SafetensorsFile, names: ReadonlyMap<string, readonly string[]>, parameters: readonly Node[]): Map<string, FrozenWeight> =>
  new Map(
    [...locateWeights(file, names, parameters)].map(([ours, theirs]) => {
      const { dtype, shape, offset } = file.tensors.get(theirs)!;
      return [ours, { kind: 'frozen', file: file.path, offset, dtype: dtype as FrozenWeight['dtype'], shape }];
    }),
  );

/** Number of values in the parameters together. */
export const countParameters = (parameters: readonly Node[]): number =>
  parameters.reduce((total, { shape }) => total + elements(shape as readonly number[]), 0);
