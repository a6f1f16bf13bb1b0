// What the config files of all families have in common: keys that change nothing, numbers within reason, and how a file that does not fit is refused.
import { z } from 'zod';
import { ConfigError } from '../core/index.ts';
import type { Activation } from '../nn/index.ts';

/** Keys that say nothing about what the network computes, so any value of them is right. */
export const harmless = {
  _name_or_path: 'where the weights came from',
  architectures: 'which head the file was saved with',
  model_type: 'checked before the family is chosen',
  transformers_version: 'version of the writer',
  'transformers.js_config': 'of another runtime',
  torch_dtype: 'the file of weights says how it is stored',
  dtype: 'the file of weights says how it is stored',
  initializer_range: 'training from nothing only',
  gradient_checkpointing: 'training only; see nn/edits/recompute',
  pad_token_id: 'padding is what the mask says',
  bos_token_id: 'the tokenizer knows',
  eos_token_id: 'the tokenizer knows',
  use_cache: 'whether there is a cache is said when a model is built',
  id2label: 'of a head',
  label2id: 'of a head',
  classifier_dropout: 'training only, and of a head',
  output_attentions: 'every site can be captured',
  output_hidden_states: 'every site can be captured',
  return_dict: 'of the Python interface',
} as const;

/** A number of things: whole, above 0, at most ten million. */
export const count = z.number().int().positive().max(1e7);

/** What is added below a root: float32 holds it, and beside it a norm still is one. */
export const epsilonKey = z.number().min(1e-30).max(1);

/** A base, factor or divisor that float32 holds, and its powers up to the first. */
export const factorKey = z.number().min(1e-6).max(1e15);

const problemLimit = 8;
const textLimit = 200;

/** A value of a file, fit to be shown: short, whatever it is. */
export const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};

/** What a schema complains of, as one short text. */
export const problemsOf = ({ issues }: z.ZodError, start = ''): string => {
  const all = issues.map(({ path, message }) => (path.length > 0 ? `${start}${path.join('.')}: ${message}` : message).slice(0, textLimit));
  return all.slice(0, problemLimit).join('; ') + (all.length > problemLimit ? ` and ${all.length - problemLimit} more` : '');
};

/** Names of activations in config files, and ours. */
const activationNames = {
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
} as const satisfies Readonly<Record<string, Activation>>;

/** An activation by the name a config file gives it; parsed to ours. */
export const activationKey = z.enum(Object.keys(activationNames) as [keyof typeof activationNames]).transform((name): Activation => activationNames[name]);

export interface ConfigSource<T> {
  /** The file, for errors. */
  readonly where: string;
  /** What it should be: 'a BERT encoder'. */
  readonly what: string;
  /** Values that `model_type` may have. */
  readonly types: readonly string[];
  /** Whether a file may leave `model_type` out. Default false. */
  readonly typeOptional?: boolean;
  /** Keys to leave unread, beside those that are harmless everywhere. */
  readonly ignored: Readonly<Record<string, string>>;
  readonly schema: z.ZodType<T>;
  /** Source file that says which keys are read. */
  readonly see: string;
}

/**
 * Reads a config file by a strict schema: unknown keys are refused, for one that we do not know may change what the network computes.
 *
 * @throws ConfigError naming every key that does not fit
 */
export const parseConfig = <T>(json: unknown, { where, what, types, typeOptional = false, ignored, schema, see }: ConfigSource<T>): T => {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError(`${where}: expected a JSON object, got ${shown(json)}; fetch the file again`);
  const type = (json as { model_type?: unknown }).model_type;
  if (!(type === undefined && typeOptional) && !types.some((known) => known === type))
    throw new ConfigError(
      `${where}: expected model_type ${types.map((known) => JSON.stringify(known)).join(', ')}, got ${shown(type)}; use the file of that family`,
    );
  const known = Object.fromEntries(Object.entries(json).filter(([key]) => !Object.hasOwn(harmless, key) && !Object.hasOwn(ignored, key)));
  const parsed = schema.safeParse(known);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where}: expected the configuration of ${what}, got ${problemsOf(parsed.error)}; see ${see} for the keys it may have`);
};
