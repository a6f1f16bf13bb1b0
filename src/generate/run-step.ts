import type { Executable, TensorData } from '../runtime/index.ts';
import type { KeyValueCache } from './key-value-cache.ts';

export interface Step {
  /** Slot of the first sequence; the others follow. */
  readonly first: number;
  /** New tokens of every sequence, as many of each. */
  readonly tokens: readonly (readonly number[])[];
  /** Places in the flattened tokens whose scores are wanted. */
  readonly rows: readonly number[];
  /** For a part of a prompt: rather copy what these slots hold than read the room that they do not use. Default false. */
  readonly short?: boolean;
  /** Scores that nobody reads any more: see `RunOptions.spare`. */
  readonly spare?: TensorData | undefined;
  /** Feeds of a program that asks for more. */
  readonly more?: Readonly<Record<string, TensorData>> | undefined;
}

/**
 * Inputs of the step program but for the cache.
 *
 * @param starts  per sequence the place of its first new token
 */
export const stepInputs = (tokens: readonly (readonly number[])[], starts: readonly number[], rows: readonly number[]): Record<string, TensorData> => {
  const int64 = (shape: number[], values: readonly number[]) => ({ dtype: 'int64' as const, shape, data: BigInt64Array.from(values, BigInt) });
  const shape = [tokens.length, tokens[0]!.length];
  return {
    ids: int64(shape, tokens.flat()),
    positions: int64(
      shape,
      tokens.flatMap((own, i) => own.map((_, j) => starts[i]! + j)),
    ),
    rows: int64([rows.length], rows),
  };
};

/** Computes new tokens and adds them to the cache. @returns scores [rows, vocab] */
export const runStep = async (step: Executable, cache: KeyValueCache, given: Step): Promise<Float32Array> =>
  (await runStepWhole(step, cache, given))['logits']!.data as Float32Array;

/** The same. @returns all that the program gives */
export const runStepWhole = async (
  step: Executable,
  cache: KeyValueCache,
  { first, tokens, rows, short = false, spare, more }: Step,
): Promise<Record<string, TensorData>> => {
  const batch = tokens.length;
  const seq = tokens[0]!.length;
  cache.reserve(first + batch, Math.max(...tokens.map((_, i) => cache.lengthOf(first + i) + seq)));
  const starts = tokens.map((_, i) => cache.lengthOf(first + i));
  const own = { ...stepInputs(tokens, starts, rows), ...more };
  const room = step.overwritten.length > 0 ? cache.room(first, { batch, seq }) : undefined;
  const found = await step.run(Object.assign(own, room?.feeds ?? cache.feeds(first, batch, short)), spare && { spare: { logits: spare } });
  room?.taken();
  cache.append(first, { batch, seq }, found['added']);
  return found;
};
