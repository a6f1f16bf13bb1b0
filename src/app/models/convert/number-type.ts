import { UnsupportedError } from '../../../core/index.ts';
import { ggufQ8, narrowToBfloat16, narrowToFloat16 } from '../../../formats/index.ts';

/** What weights are written as. */
export const numberTypes = ['f32', 'f16', 'bf16', 'q8_0'] as const;
export type NumberType = (typeof numberTypes)[number];

/** Whether every value that is stored so is the same in a type. */
export const holds = (type: NumberType, stored: string): boolean =>
  type === 'f32' || (type === 'f16' && stored === 'F16') || (type === 'bf16' && stored === 'BF16') || (type === 'q8_0' && stored === 'Q8_0');

/** The narrowest type that loses nothing: 16 bits where the file has no more. */
export const fittingType = (stored: readonly string[]): NumberType =>
  stored.every((one) => one === 'BF16') ? 'bf16' : stored.every((one) => one === 'F16') ? 'f16' : 'f32';

/** Values as bytes of a type. @throws UnsupportedError where a value is beyond it */
export const bytesAs = (type: NumberType, values: Float32Array, where: string): Uint8Array => {
  if (type === 'f32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'q8_0') return ggufQ8(values);
  if (type === 'f16') {
    const over = values.find((value) => Math.abs(value) >= 65_520);
    if (over !== undefined) throw new UnsupportedError(`${where}: expected values within ±65504 for f16, got ${over}; use bf16 or f32`);
  }
  return new Uint8Array((type === 'f16' ? narrowToFloat16(values) : narrowToBfloat16(values)).buffer);
};

/** Bytes that so many values take. */
export const sizeAs = (type: NumberType, count: number): number => count * { f32: 4, f16: 2, bf16: 2, q8_0: 34 / 32 }[type];
