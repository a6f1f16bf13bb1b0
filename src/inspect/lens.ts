import { ConfigError } from '../core/index.ts';
import type { Blockwise, Scored } from './blockwise.ts';

export interface LensOptions {
  /** Places of the text that are read, from 0. Default: all. */
  readonly places?: readonly number[];
  /** How many of the likeliest tokens are told, at most 10. Default 1. */
  readonly top?: number;
}

/** What the head makes of the residual stream after some blocks, at one place. */
export interface LensReading {
  /** 0: what enters the first block; then after so many blocks. */
  readonly layer: number;
  readonly place: number;
  readonly best: Scored['best'][number];
}

/**
 * Logit lens: the residual stream between any two blocks put through the last norm and the head. The readings of the last layer are what the model says.
 *
 * @param ids  tokens of a text
 * @returns    by layer, then by place
 * @throws ConfigError for a text without tokens, one that is too long, or a place outside it
 * Source: nostalgebraist, "interpreting GPT: the logit lens", 2020.
 */
export const logitLens = async (model: Blockwise, ids: readonly number[], { places = [...ids.keys()], top = 1 }: LensOptions = {}): Promise<LensReading[]> => {
  const { layers, hidden, positions: most } = model.config;
  if (ids.length === 0 || ids.length > most) throw new ConfigError(`lens: expected a text of 1 to ${most} tokens, got ${ids.length}`);
  const outside = places.find((place) => !(Number.isInteger(place) && place >= 0 && place < ids.length));
  if (outside !== undefined) throw new ConfigError(`lens: expected places from 0 to ${ids.length - 1}, got ${outside}`);
  const positions = [...ids.keys()];
  const readings: LensReading[] = [];
  const read = async (layer: number, stream: Float32Array): Promise<void> => {
    const rows = new Float32Array(places.length * hidden);
    for (const [i, place] of places.entries()) rows.set(stream.subarray(place * hidden, (place + 1) * hidden), i * hidden);
    const { best } = await model.score(rows, places.map(() => []), top); // biome-ignore format: one call
    readings.push(...places.map((place, i) => ({ layer, place, best: best[i]! })));
  };
  let stream = await model.embed(ids, positions);
  await read(0, stream);
  for (let block = 0; block < layers; block++) {
    stream = (await model.block(block, { stream, positions })).stream;
    await read(block + 1, stream);
  }
  return readings;
};
