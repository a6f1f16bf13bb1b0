// How config files spell rotary embeddings: `rope_theta` with `rope_scaling`, or, since 2025, both in `rope_parameters`.
import { z } from 'zod';
import { ConfigError } from '../core/index.ts';
import type { RotaryScaling } from '../nn/index.ts';
import { factorKey } from './config.ts';

/** One object of `rope_scaling` or `rope_parameters`; `rope_type` was once called `type`. Kinds that are not listed here are refused. */
const one = { type: z.string().optional(), rope_theta: factorKey.optional(), partial_rotary_factor: z.number().positive().max(1).optional() };
export const ropeObject = z.discriminatedUnion('rope_type', [
  z.strictObject({ ...one, rope_type: z.literal('default') }),
  z.strictObject({ ...one, rope_type: z.literal('linear'), factor: factorKey }),
  z
    .strictObject({
      ...one,
      rope_type: z.literal('llama3'),
      factor: factorKey,
      low_freq_factor: factorKey,
      high_freq_factor: factorKey,
      original_max_position_embeddings: factorKey,
    })
    .refine((r) => r.high_freq_factor > r.low_freq_factor, { message: 'high_freq_factor must be above low_freq_factor' }),
]);

/** A rope object that may call its `rope_type` `type`, or leave it out. */
export const rope = z.preprocess((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { type, rope_type = type ?? 'default' } = value as { type?: unknown; rope_type?: unknown };
  return { ...value, rope_type };
}, ropeObject);

export type Rope = z.infer<typeof ropeObject>;

/** The three keys as they lie in a config. */
export const ropeKeys = { rope_theta: factorKey.optional(), rope_scaling: rope.nullable().optional(), rope_parameters: rope.nullable().optional() };

export interface RopeValues {
  readonly base: number;
  readonly scaling: RotaryScaling | undefined;
  /** Share of a head that turns, where it is said. */
  readonly share: number | undefined;
}

/**
 * Base, scaling and share from the keys of a config.
 *
 * @param base  where none is given
 * @throws ConfigError where two keys say the same thing differently
 */
export const ropeValues = (
  where: string,
  {
    rope_theta,
    rope_scaling,
    rope_parameters,
  }: { rope_theta?: number | undefined; rope_scaling?: Rope | null | undefined; rope_parameters?: Rope | null | undefined },
  base: number,
): RopeValues => {
  if (rope_scaling && rope_parameters) throw new ConfigError(`${where}: expected rope_scaling or rope_parameters, got both; keep the one that is right`);
  const given = rope_parameters ?? rope_scaling;
  if (given?.rope_theta !== undefined && rope_theta !== undefined && given.rope_theta !== rope_theta)
    throw new ConfigError(`${where}: expected one rope_theta, got ${rope_theta} and ${given.rope_theta}; keep the one that is right`);
  return { base: given?.rope_theta ?? rope_theta ?? base, scaling: given ? scalingOf(given) : undefined, share: given?.partial_rotary_factor };
};

export const scalingOf = (given: Rope): RotaryScaling | undefined => {
  if (given.rope_type === 'default') return undefined;
  if (given.rope_type === 'linear') return { kind: 'linear', factor: given.factor };
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: positions } = given;
  return { kind: 'llama3', factor, low, high, positions };
};
