import { elements, FormatError, type Node, NotFoundError, nameOf, sameShape, UnsupportedError } from '../core/index.ts';
import { readAsFloat32, type SafetensorsFile, type TensorInfo } from '../formats/index.ts';
import { type Arrangement, arrange } from './arrange.ts';

/** How parameters lie in a file that keeps them in another arrangement, by parameter name. */
export type Arrangements = ReadonlyMap<string, Arrangement>;

const floats = new Set(['float32', 'float16', 'bfloat16']);

/**
 * Where each parameter of a model lies in a file of weights.
 *
 * @param names       parameter name → names it may have in the file, the likelier first; a parameter without an entry is looked for under its own name
 * @param parameters  what the model needs; tensors nobody asks for are ignored
 * @param arranged    parameters that lie in the file in another arrangement: their tensors have the shape of that
 * @returns           parameter name → name in the file
 * @throws NotFoundError naming every parameter that is missing · FormatError where a shape differs or the values are not floats
 */
export const locateWeights = (
  file: SafetensorsFile,
  names: ReadonlyMap<string, readonly string[]>,
  parameters: readonly Node[],
  arranged: Arrangements = new Map(),
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
    checkFit(file.tensors.get(theirs)!, arranged.get(ours)?.stored ?? (node.shape as readonly number[]), `weights ${file.path} tensor ${theirs}`);
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

const checkFit = ({ shape, dtype }: TensorInfo, expected: readonly number[], where: string): void => {
  if (!sameShape(shape, expected))
    throw new FormatError(`${where}: expected shape [${expected.join(', ')}], got [${shape.join(', ')}]; the config and the weights are of two models`);
  if (!floats.has(dtype)) throw new FormatError(`${where}: expected float32, float16 or bfloat16, got ${dtype}; convert the weights`);
};

/**
 * Names of the parameters of a model made of blocks: `OURS.weight` and `OURS.bias` for every part, blocks under `blocks.N.` and `BLOCK.N.`.
 *
 * @param parts    our name of a linear or norm of a block → its name in the file
 * @param outside  the same for what lies outside the blocks
 * @param spell    names a tensor may have, given its name in the family's core
 * @param block    how the file calls its blocks
 */
export const weightNames = (
  layers: number,
  parts: Readonly<Record<string, string>>,
  outside: Readonly<Record<string, string>>,
  spell: (theirs: string) => readonly string[],
  block = 'layers',
): Map<string, readonly string[]> => {
  const pairs = [...Object.entries(outside)];
  for (let layer = 0; layer < layers; layer++)
    pairs.push(...Object.entries(parts).map(([ours, theirs]): [string, string] => [`blocks.${layer}.${ours}`, `${block}.${layer}.${theirs}`]));
  return new Map(pairs.flatMap(([ours, theirs]) => ['weight', 'bias'].map((part) => [`${ours}.${part}`, spell(`${theirs}.${part}`)])));
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

/**
 * Bindings that leave every parameter in its file: arguments as `locateWeights`.
 *
 * @throws UnsupportedError where a parameter lies there in another arrangement: `readWeights` reads it
 */
export const frozenWeights = (
  file: SafetensorsFile,
  names: ReadonlyMap<string, readonly string[]>,
  parameters: readonly Node[],
  arranged: Arrangements = new Map(),
): Map<string, FrozenWeight> =>
  new Map(
    [...locateWeights(file, names, parameters, arranged)].map(([ours, theirs]) => {
      if (arranged.has(ours))
        throw new UnsupportedError(
          `weights ${file.path}: expected ${ours} as it is, got it inside ${theirs}; read it with readWeights, and keep it as a file of ours`,
        );
      const { dtype, shape, offset } = file.tensors.get(theirs)!;
      return [ours, { kind: 'frozen', file: file.path, offset, dtype: dtype as FrozenWeight['dtype'], shape }];
    }),
  );

/** A weight as values. */
export interface ReadWeight {
  readonly dtype: 'float32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Every parameter's values, one after another as float32 in our arrangement; arguments as `locateWeights`. A tensor that holds several parameters is read once for as long as they follow one another.
 * Written to a file under their own names they are found there by `locateWeights` without names.
 */
export async function* readWeights(
  file: SafetensorsFile,
  names: ReadonlyMap<string, readonly string[]>,
  parameters: readonly Node[],
  arranged: Arrangements = new Map(),
): AsyncGenerator<[string, ReadWeight]> {
  const shapes = new Map(parameters.map((node) => [nameOf(node), node.shape as readonly number[]]));
  let last: { readonly name: string; readonly data: Float32Array } | undefined;
  for (const [ours, theirs] of locateWeights(file, names, parameters, arranged)) {
    if (last?.name !== theirs) last = { name: theirs, data: (await readAsFloat32(file, theirs, { checkFinite: true })).data };
    const how = arranged.get(ours);
    yield [ours, { dtype: 'float32', shape: shapes.get(ours)!, data: how ? arrange(last.data, how) : last.data }];
  }
}

/** Number of values in the parameters together. */
export const countParameters = (parameters: readonly Node[]): number =>
  parameters.reduce((total, { shape }) => total + elements(shape as readonly number[]), 0);
