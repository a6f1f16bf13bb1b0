// The families of causal language models, one line each: by the `model_type` of a config.json, and by the architecture of a GGUF file.
import { ConfigError } from '../core/index.ts';
import type { CausalInputs } from '../nn/index.ts';
import type { CausalConfig, CausalModel } from './causal.ts';
import { gemma3, gemma3Config, gemma3WeightNames } from './gemma3.ts';
import { gemma3Architectures, gemma3ConfigFromGguf, gemma3GgufNames } from './gemma3-gguf.ts';
import type { GgufOptions, TensorNames } from './gguf-config.ts';
import { gptNeox, gptNeoxArranged, gptNeoxConfig, gptNeoxWeightNames } from './gpt-neox.ts';
import { gpt2, gpt2Arranged, gpt2Config, gpt2WeightNames } from './gpt2.ts';
import { llama, llamaConfig, llamaTypes, llamaWeightNames } from './llama.ts';
import { llamaArchitectures, llamaConfigFromGguf, llamaGgufNames } from './llama-gguf.ts';
import type { Arrangements } from './weights.ts';

type Names = ReadonlyMap<string, readonly string[]>;

/** One model of a family: all that is needed to build it and to find its weights. */
export interface CausalMember {
  readonly config: CausalConfig;
  build(inputs: CausalInputs): CausalModel;
  readonly weightNames: Names;
  /** Parameters that the file keeps in another arrangement. */
  readonly arranged: Arrangements;
}

const member = <C extends CausalConfig>(
  config: C,
  build: (config: C, inputs: CausalInputs) => CausalModel,
  weightNames: Names,
  arranged?: Arrangements,
): CausalMember => ({
  config,
  build: (inputs) => build(config, inputs),
  weightNames,
  arranged: arranged ?? new Map(),
});

interface Family<Args extends readonly unknown[]> {
  readonly types: readonly string[];
  readonly open: (...args: Args) => CausalMember;
}

const family = <C extends CausalConfig, Args extends readonly unknown[]>(
  types: readonly string[],
  read: (...args: Args) => C,
  build: (config: C, inputs: CausalInputs) => CausalModel,
  names: (config: C) => Names,
  arranged?: (config: C) => Arrangements,
): Family<Args> => ({
  types,
  open: (...args) => {
    const config = read(...args);
    return member(config, build, names(config), arranged?.(config));
  },
});

const families: readonly Family<[json: unknown, where?: string]>[] = [
  family(llamaTypes, llamaConfig, llama, llamaWeightNames),
  family(['gpt_neox'], gptNeoxConfig, gptNeox, gptNeoxWeightNames, gptNeoxArranged),
  family(['gpt2'], gpt2Config, gpt2, gpt2WeightNames, gpt2Arranged),
  family(['gemma3_text'], gemma3Config, gemma3, gemma3WeightNames),
];

const ggufFamilies: readonly Family<[metadata: ReadonlyMap<string, unknown>, tensors: TensorNames, options?: GgufOptions]>[] = [
  family(llamaArchitectures, llamaConfigFromGguf, llama, llamaGgufNames),
  family(gemma3Architectures, gemma3ConfigFromGguf, gemma3, gemma3GgufNames),
];

/** Values of `model_type` that can be read. */
export const causalTypes: readonly string[] = families.flatMap(({ types }) => types);

const familyOf = <F extends { readonly types: readonly string[] }>(all: readonly F[], type: unknown, where: string, key: string): F => {
  const found = all.find(({ types }) => types.some((known) => known === type));
  if (!found)
    throw new ConfigError(
      `${where}: expected ${key} of ${all.flatMap(({ types }) => types).join(', ')}, got ${JSON.stringify(type)}; other families are not built yet`,
    );
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
