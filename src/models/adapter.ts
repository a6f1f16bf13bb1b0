import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, NotFoundError, type Program, sameShape, UnsupportedError } from '../core/index.ts';
import { openSafetensors, readAsFloat32, type SafetensorsFile } from '../formats/index.ts';
import { lowRank, mergeLowRank } from '../nn/index.ts';
import { arrange } from './arrange.ts';
import type { CausalSource } from './causal-source.ts';
import { hubLinears, withColumns } from './hub-linears.ts';
import { adaptedModules, type ModuleRank } from './peft-config.ts';
import type { ReadWeight } from './weights.ts';

/** An adapter as an edit of a model. */
export interface Adapter {
  readonly folder: string;
  /** Files that hold its values. */
  readonly files: readonly string[];
  /** Sites of linears that it stands beside. */
  readonly sites: readonly string[];
  /** Values of the parameters that `apply` adds; of a LoRA `SITE.lora.a` [rank, in] and `SITE.lora.b` [out, rank]. */
  readonly weights: ReadonlyMap<string, ReadWeight>;
  /** Virtual tokens that stand before every text, with the ids that follow the vocabulary's. */
  readonly virtualTokens: number;
  /** Tokens of a prompt, from its beginning, that those of its text are made of: fed as `asked`, and text k has ids `virtualTokens` further than text k − 1. 0: they are the same for all. */
  readonly askedTokens: number;
  /** It is new values of the model's own parameters: nothing stands beside, `mergedSource` is the model. */
  readonly inWeights: boolean;
  /** The program with what is added beside every linear that is adapted. Before any edit of weights: what is packed no longer shows where a linear begins. */
  apply(program: Program): Program;
  /** Parameters of the model that `merge` changes. */
  readonly changes: ReadonlySet<string>;
  /** Why no weights can hold it; `merge` then throws UnsupportedError. */
  readonly unmergeable: string | undefined;
  /** Values of a parameter with the adapter in them; one that it does not change comes back itself. */
  merge(parameter: string, values: Float32Array): Float32Array;
}

interface Branch extends ModuleRank {
  readonly site: string;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/**
 * Opens a LoRA adapter in PEFT's layout, a folder with adapter_config.json and adapter_model.safetensors, for a model from whatever file: its rows are put where the model has its own.
 *
 * @throws NotFoundError, FormatError, ConfigError where the folder is no whole adapter or one of another model · UnsupportedError for adapters that are more than low-rank branches of linears
 */
export const openAdapter = async (folder: string, source: CausalSource): Promise<Adapter> => {
  const json = await readConfig(folder);
  const places = hubLinears(source);
  const adapted = adaptedModules(json, [...places.keys()], join(folder, 'adapter_config.json'));
  const file = await openWeights(folder);
  const branches = new Map<string, Branch>();
  const taken = new Set<string>();
  for (const [module, own] of adapted) {
    const linears = places.get(module)!;
    const { inner, rows } = linears[0]!;
    const tensors = spellings(linears[0]!.modules, file);
    if (!tensors)
      throw new NotFoundError(
        `adapter ${file.path}: expected lora_A and lora_B of ${module}, which target_modules names, got none; the file is a part of one, or of another model`,
      );
    const [a, b] = [await branchPart(file, tensors.a, [own.rank, inner]), await branchPart(file, tensors.b, [rows, own.rank])];
    taken.add(tensors.a).add(tensors.b);
    for (const { site, rowsOf } of linears) branches.set(site, { site, ...own, a, b: rowsOf ? arrange(b, withColumns(rowsOf, own.rank)) : b });
  }
  const left = [...file.tensors.keys()].filter((name) => !taken.has(name));
  if (left.length > 0)
    throw new UnsupportedError(
      `adapter ${file.path}: expected lora_A and lora_B of the linears that target_modules names, got ${left.slice(0, 3).join(', ')}${left.length > 3 ? ` and ${left.length - 3} more` : ''}; merge it into its model with PEFT and open that`,
    );
  return adapterOf(folder, [...branches.values()], source);
};

const adapterOf = (folder: string, branches: readonly Branch[], { member: { config } }: CausalSource): Adapter => ({
  folder,
  files: [join(folder, 'adapter_model.safetensors')],
  sites: branches.map(({ site }) => site),
  virtualTokens: 0,
  askedTokens: 0,
  inWeights: false,
  changes: new Set(branches.map(({ site }) => `${site}.weight`)),
  unmergeable:
    config.tied && branches.some(({ site }) => site === 'logits')
      ? 'it adapts a head that is the table of words too, and words would change with it'
      : undefined,
  weights: new Map(
    branches.flatMap(({ site, rank, a, b }): [string, ReadWeight][] => [
      [`${site}.lora.a`, { dtype: 'float32', shape: [rank, a.length / rank], data: a }],
      [`${site}.lora.b`, { dtype: 'float32', shape: [b.length / rank, rank], data: b }],
    ]),
  ),
  apply(program) {
    let roots = Object.values(program.outputs);
    for (const alike of Map.groupBy(branches, ({ rank, scale }) => `${rank} ${scale}`).values()) {
      const { rank, scale } = alike[0]!;
      const targets = new RegExp(`^(?:${alike.map(({ site }) => site.replaceAll('.', '\\.')).join('|')})$`);
      roots = lowRank(roots, { targets, rank, alpha: scale * rank });
    }
    return { ...program, name: `${program.name}/adapted`, outputs: Object.fromEntries(Object.keys(program.outputs).map((name, i) => [name, roots[i]!])) };
  },
  merge(parameter, values) {
    const tied = config.tied && parameter === 'embed.word.weight';
    const branch = branches.find(({ site }) => (tied ? 'logits' : parameter) === (tied ? site : `${site}.weight`));
    if (!branch) return values;
    if (tied)
      throw new UnsupportedError(
        `adapter ${folder}: expected a head with a weight of its own to merge into, got one that is the table of words too; keep the adapter apart`,
      );
    const { a, b, rank, scale } = branch;
    return mergeLowRank(values, a, b, { rank, alpha: scale * rank });
  },
});

const spellings = (modules: readonly string[], { tensors }: SafetensorsFile): { a: string; b: string } | undefined => {
  for (const module of modules) {
    const [a, b] = ['A', 'B'].map((part) => `base_model.model.${module}.lora_${part}.weight`) as [string, string];
    if (tensors.has(a) && tensors.has(b)) return { a, b };
  }
  return undefined;
};

const branchPart = async (file: SafetensorsFile, name: string, expected: readonly number[]): Promise<Float32Array> => {
  const { shape } = file.tensors.get(name)!;
  if (!sameShape(shape, expected))
    throw new FormatError(
      `adapter ${file.path} tensor ${name}: expected shape [${expected.join(', ')}], got [${shape.join(', ')}]; the adapter is of another model`,
    );
  return (await readAsFloat32(file, name, { checkFinite: true })).data;
};

const readConfig = async (folder: string): Promise<unknown> => {
  const path = join(folder, 'adapter_config.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new NotFoundError(
      `adapter ${folder}: expected a folder with adapter_config.json and adapter_model.safetensors, got no such file; give the folder of an adapter`,
    );
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${path}: expected JSON, got something else; fetch the file again`);
  }
};

const openWeights = async (folder: string): Promise<SafetensorsFile> => {
  const names = await readdir(folder);
  if (names.includes('adapter_model.safetensors')) return openSafetensors(join(folder, 'adapter_model.safetensors'));
  if (names.includes('adapter_model.bin'))
    throw new UnsupportedError(
      `adapter ${folder}: expected adapter_model.safetensors, got adapter_model.bin, a pickle, which may run code; save it anew with safetensors`,
    );
  throw new NotFoundError(`adapter ${folder}: expected adapter_model.safetensors, got none; the folder is a part of an adapter`);
};
