import type { TensorData } from '../../runtime/index.ts';

/** The difference of two matrices in 8 bits: whole numbers in ±127 and one scale a row. */
export const deltaOf = (value: TensorData, from: TensorData): { delta: TensorData; scale: TensorData } => {
  const rows = value.shape[0]!;
  const width = value.data.length / rows;
  const [x, y] = [value.data as Float32Array, from.data as Float32Array];
  const delta = new Int8Array(x.length);
  const scale = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(x[i]! - y[i]!));
    scale[row] = largest / 127;
    const unit = scale[row]!; // as float32 holds it
    if (unit > 0) for (let i = row * width; i < (row + 1) * width; i++) delta[i] = Math.max(-127, Math.min(127, Math.round((x[i]! - y[i]!) / unit)));
  }
  return { delta: { dtype: 'int8', shape: value.shape, data: delta }, scale: { dtype: 'float32', shape: [rows], data: scale } };
};

/** `from` plus a difference that `deltaOf` made. */
export const applyDelta = (from: TensorData, delta: TensorData, scale: TensorData): TensorData => {
  const rows = from.shape[0]!;
  const width = from.data.length / rows;
  const data = Float32Array.from(from.data as Float32Array);
  for (let row = 0; row < rows; row++) {
    const unit = Number(scale.data[row]);
    for (let i = row * width; i < (row + 1) * width; i++) data[i] = data[i]! + Number(delta.data[i]) * unit;
  }
  return { dtype: 'float32', shape: from.shape, data };
};
