// The families of causal language models, one line each: by the `model_type` of a config.json, and by the architecture of a GGUF file.
import { ConfigError } from '../core/index.ts';
import type { CausalInputs } from '../nn/index.ts';
import type { CausalConfig, CausalModel } from './causal.ts';
import { shown } from './config.ts';
import { gemma3, gemma3Config, gemma3WeightNames } from './gemma3.ts';
import { gemma3Architectures, gemma3ConfigFromGguf, gemma3GgufNames } from './gemma3-gguf.ts';
import type { GgufOptions, TensorNames } from './gguf-config.ts';
import { gptNeox, gptNeoxArranged, gptNeoxConfig, gptNeoxWeightNames } from './gpt-neox.ts';
import { gpt2, gpt2Arranged, gpt2Config, gpt2WeightNames } from './gpt2.ts';
import { type LlamaConfig, llama, llamaConfig, llamaInterleaved, llamaTypes, llamaWeightNames } from './llama.ts';
import { llamaArchitectures, llamaConfigFromGguf, llamaGgufNames } from './llama-gguf.ts';
import type { Arrangements } from './weights.ts';

type Names = ReadonlyMap<string, readonly string[]>;

/** How Hugging Face files have the parameters of a model, whatever file they come from. */
export interface HubForm {
  readonly names: Names;
  readonly arranged: Arrangements;
  /** What the stored weights of norms are above ours. */
  readonly normShift: 0 | -1;
}

/** One model of a family: all that is needed to build it and to find its weights. */
export interface CausalMember {
  readonly config: CausalConfig;
  build(inputs: CausalInputs): CausalModel;
  readonly weightNames: Names;
  /** Parameters that the file keeps in another arrangement. */
  readonly arranged: Arrangements;
  readonly hub: HubForm;
}

const member = <C extends CausalConfig>(
  config: C,
  build: (config: C, inputs: CausalInputs) => CausalModel,
  weightNames: Names,
  arranged: Arrangements = new Map(),
  hub: HubForm = { names: weightNames, arranged, normShift: 0 },
): CausalMember => ({ config, build: (inputs) => build(config, inputs), weightNames, arranged, hub });

interface Family<Args extends readonly unknown[]> {
  readonly types: readonly string[];
  readonly open: (...args: Args) => CausalMember;
}

const family = <C extends CausalConfig, Args extends readonly unknown[]>(
  types: readonly string[],
  read: (...args: Args) => C,
  build: (config: C, inputs: CausalInputs) => CausalModel,
  names: (config: C) => Names,
  { arranged, hub }: { readonly arranged?: (config: C) => Arrangements; readonly hub?: (config: C) => HubForm } = {},
): Family<Args> => ({
  types,
  open: (...args) => {
    const config = read(...args);
    return member(config, build, names(config), arranged?.(config), hub?.(config));
  },
});

const families: readonly Family<[json: unknown, where?: string]>[] = [
  family(llamaTypes, llamaConfig, llama, llamaWeightNames),
  family(['gpt_neox'], gptNeoxConfig, gptNeox, gptNeoxWeightNames, { arranged: gptNeoxArranged }),
  family(['gpt2'], gpt2Config, gpt2, gpt2WeightNames, { arranged: gpt2Arranged }),
  family(['gemma3_text'], gemma3Config, gemma3, gemma3WeightNames),
];

/** Hugging Face files keep the rows of q and k in halves. */
export const llamaHubForm = (config: LlamaConfig): HubForm => ({ names: llamaWeightNames(config), arranged: llamaInterleaved(config), normShift: 0 });

const ggufFamilies: readonly Family<[metadata: ReadonlyMap<string, unknown>, tensors: TensorNames, options?: GgufOptions]>[] = [
  family(llamaArchitectures, llamaConfigFromGguf, llama, llamaGgufNames, { hub: llamaHubForm }),
  family(gemma3Architectures, gemma3ConfigFromGguf, gemma3, gemma3GgufNames, {
    hub: (config) => ({ names: gemma3WeightNames(config), arranged: new Map(), normShift: config.normOffset === 0 ? -1 : 0 }),
  }),
];

/** Values of `model_type` that can be read. */
export const causalTypes: readonly string[] = families.flatMap(({ types }) => types);

const familyOf = <F extends { readonly types: readonly string[] }>(all: readonly F[], type: unknown, where: string, key: string): F => {
  const found = all.find(({ types }) => types.some((known) => known === type));
  if (!found)
    throw new ConfigError(`${where}: expected ${key} of ${all.flatMap(({ types }) => types).join(', ')}, got ${shown(type)}; give a model of one of these`);
  return found;
};

/**
 * The model that a `config.json` describes, of whatever family it is.
 *
 * @throws ConfigError for a family that is not known, and for keys that do not fit
 */
export const causalMember = (json: unknown, where = 'config.json'): CausalMember =>
  familyOf(families, (json as { model_type?: unknown } | null | undefined)?.model_type, where, 'a model_type').open(json, where);

/**
 * The model that the metadata of a GGUF file describes; its `weightNames` are those of the file.
 *
 * @param tensors  names of the file's tensors: metadata leaves some things to them
 * @throws ConfigError for a family that is not known, and for keys that do not fit
 */
export const causalMemberFromGguf = (metadata: ReadonlyMap<string, unknown>, tensors: TensorNames, options: GgufOptions = {}): CausalMember =>
  familyOf(ggufFamilies, metadata.get('general.architecture'), options.where ?? 'gguf', 'a general.architecture').open(metadata, tensors, options);
