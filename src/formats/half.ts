// Conversions between float32 and the two 16-bit formats, on bits. Widening is exact; narrowing rounds to nearest, ties to even.

const scratch = new ArrayBuffer(4);
const asFloat = new Float32Array(scratch);
const asBits = new Uint32Array(scratch);

let widened: Float32Array | undefined; // every float16 there is; made when first needed (256 KiB, about a millisecond)

const makeTable = (): Float32Array => {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else table[bits] = exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return table;
};

/** float16 bits → float32, exactly. */
export const widenFloat16 = (bits: Uint16Array): Float32Array => {
  widened ??= makeTable();
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = widened[bits[i]!]!;
  return out;
};

/** bfloat16 bits → float32, exactly. */
export const widenBfloat16 = (bits: Uint16Array): Float32Array => {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
};

/** float32 → float16 bits, to nearest, ties to even; beyond 65 519.99 it is infinite, NaN stays NaN. */
export const narrowToFloat16 = (values: Float32Array): Uint16Array => {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = narrowOne(values[i]!);
  return out;
};

const narrowOne = (value: number): number => {
  asFloat[0] = value;
  const bits = asBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // NaN
  if (size >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13); // normal: drop 13 bits
  if (size <= 0x33000000) return sign; // 2^-25 and below round to zero (the tie goes to even)
  const shift = 126 - (size >>> 23); // subnormal: in units of 2^-24
  const fraction = (size & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
};

/** float32 → bfloat16 bits, to nearest, ties to even; NaN stays NaN. */
export const narrowToBfloat16 = (values: Float32Array): Uint16Array => {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    asFloat[0] = values[i]!;
    const bits = asBits[0]!;
    out[i] = (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
};
