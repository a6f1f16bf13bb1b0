// What GGUF files say of a model: metadata keys under the name of its architecture, and, where metadata is silent, which tensors there are.
import { z } from 'zod';
import { ConfigError } from '../core/index.ts';
import type { RotaryScaling } from '../nn/index.ts';
import { epsilonKey, factorKey, problemsOf, shown } from './config.ts';

/** Names of the tensors of a file. */
export interface TensorNames {
  has(name: string): boolean;
}

export interface GgufOptions {
  /** Values of the tensor `rope_freqs.weight`, where the file has one: a file with it and no values given is refused. */
  readonly ropeFactors?: ArrayLike<number>;
  /** The file, for errors. */
  readonly where?: string;
}

/** A whole number above 0, as metadata holds it: 32 or 64 bits. */
export const size = z.union([z.number(), z.bigint()]).transform(Number).pipe(z.number().int().positive().max(1e7));

/** Keys that say the same in every architecture of norms before each part and grouped queries. */
export const ggufKeys = {
  block_count: size.pipe(z.number().max(1000)),
  context_length: size,
  embedding_length: size,
  feed_forward_length: size,
  vocab_size: size.optional(),
  'attention.head_count': size,
  'attention.head_count_kv': size.optional(),
  'attention.key_length': size.optional(),
  'attention.value_length': size.optional(),
  'attention.layer_norm_rms_epsilon': epsilonKey,
  'rope.freq_base': factorKey.optional(),
  'rope.dimension_count': size.optional(),
  'rope.scaling.type': z.enum(['none', 'linear']).optional(),
  'rope.scaling.factor': factorKey.optional(),
} as const;

export type GgufKeys = z.infer<z.ZodObject<typeof ggufKeys>>;

/**
 * The keys of an architecture by a strict schema, the architecture's name taken off. Keys of other beginnings (`general.`, `tokenizer.`) change nothing of what the network computes.
 *
 * @throws ConfigError naming every key that does not fit
 */
export const parseGguf = <T>(
  metadata: ReadonlyMap<string, unknown>,
  schemas: Readonly<Record<string, z.ZodType<T>>>,
  { where, see }: { where: string; see: string },
): { architecture: string; keys: T } => {
  const architecture = metadata.get('general.architecture');
  const schema = typeof architecture === 'string' && Object.hasOwn(schemas, architecture) ? schemas[architecture] : undefined;
  if (typeof architecture !== 'string' || !schema)
    throw new ConfigError(
      `${where}: expected general.architecture ${Object.keys(schemas).join(', ')}, got ${shown(architecture)}; use the file of that family`,
    );
  const start = `${architecture}.`;
  const parsed = schema.safeParse(
    Object.fromEntries([...metadata].flatMap(([key, value]) => (key.startsWith(start) ? [[key.slice(start.length), value]] : []))),
  );
  if (parsed.success) return { architecture, keys: parsed.data };
  throw new ConfigError(
    `${where}: expected the metadata of a ${architecture} model, got ${problemsOf(parsed.error, start)}; see ${see} for the keys it may have`,
  );
};

/** Number of words: the key, or the length of the list of tokens. @throws ConfigError where there is neither */
export const vocabOf = (metadata: ReadonlyMap<string, unknown>, { vocab_size }: GgufKeys, where: string): number => {
  const listed = metadata.get('tokenizer.ggml.tokens');
  const vocab = vocab_size ?? (Array.isArray(listed) && listed.length > 0 ? listed.length : undefined);
  if (vocab === undefined) throw new ConfigError(`${where}: expected vocab_size or tokenizer.ggml.tokens, got neither; the file lacks its vocabulary`);
  return vocab;
};

/** Numbers in a head. @throws ConfigError where keys and values differ, or a head turns in part */
export const headDimOf = (keys: GgufKeys, where: string): number => {
  const headDim = keys['attention.key_length'] ?? keys.embedding_length / keys['attention.head_count'];
  if (!Number.isInteger(headDim)) return headDim; // refused with the heads
  for (const key of ['attention.value_length', 'rope.dimension_count'] as const)
    if ((keys[key] ?? headDim) !== headDim)
      throw new ConfigError(`${where}: expected ${key} to be ${headDim}, the length of a key, got ${keys[key]}; such models are not built yet`);
  return headDim;
};

/** @throws ConfigError where the file says that it is scaled and not how */
export const ggufScaling = (keys: GgufKeys, tensors: TensorNames, { ropeFactors, where = 'gguf' }: GgufOptions): RotaryScaling | undefined => {
  const factors = tensors.has('rope_freqs.weight');
  if (factors !== (ropeFactors !== undefined))
    throw new ConfigError(
      `${where}: expected the values of rope_freqs.weight exactly where the file has that tensor, got ${factors ? 'the tensor alone' : 'values alone'}; pass ropeFactors`,
    );
  if (ropeFactors) {
    const pairs = headDimOf(keys, where) / 2;
    if (ropeFactors.length !== pairs || !Array.from(ropeFactors).every((factor) => factorKey.safeParse(factor).success))
      throw new ConfigError(
        `${where}: expected rope_freqs.weight to hold ${pairs} factors above 0, a pair of a head each, got ${ropeFactors.length} or odd ones; the file is damaged`,
      );
  }
  if (keys['rope.scaling.type'] !== 'linear') return ropeFactors && { kind: 'factors', factors: Array.from(ropeFactors) };
  const factor = keys['rope.scaling.factor'];
  if (factor === undefined || ropeFactors)
    throw new ConfigError(`${where}: expected one factor for linear scaling, got ${factor ?? 'none'}; the file is at fault`);
  return { kind: 'linear', factor };
};

/** Our names of the linears and norms of a block, and those of GGUF files. */
export const ggufParts = {
  norm1: 'attn_norm',
  'attn.q': 'attn_q',
  'attn.k': 'attn_k',
  'attn.v': 'attn_v',
  'attn.qNorm': 'attn_q_norm',
  'attn.kNorm': 'attn_k_norm',
  'attn.out': 'attn_output',
  norm2: 'ffn_norm',
  'mlp.gate': 'ffn_gate',
  'mlp.up': 'ffn_up',
  'mlp.down': 'ffn_down',
} as const;

/** What lies outside the blocks. */
export const ggufOutside = { 'embed.word': 'token_embd', final: 'output_norm', logits: 'output' } as const;
