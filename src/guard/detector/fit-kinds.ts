import { epochOrder } from '../../train/index.ts';
import { adam } from './adam.ts';
import { type Kinds, kindNames } from './features.ts';

export interface KindSample {
  /** Of the text, length 1. */
  readonly vector: Float32Array;
  readonly kind: (typeof kindNames)[number];
}

const [epochs, batch, rate, decay] = [12, 64, 0.03, 0.002];

/** Softmax regression of vectors to kinds, each kind with the same weight however many samples it has. The same samples and seed give the same values. */
export const fitKinds = (samples: readonly KindSample[], width: number, seed: number): Kinds => {
  const kinds = kindNames.length;
  const counts = kindNames.map((name) => samples.filter(({ kind }) => kind === name).length);
  const values = new Float64Array(kinds * (width + 1));
  const update = adam(values);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = epochOrder(seed, epoch, samples.length);
    for (let from = 0; from < order.length; from += batch) {
      const gradient = new Float64Array(values.length);
      for (const at of order.slice(from, from + batch)) {
        const { vector, kind } = samples[at]!;
        const own = kindNames.indexOf(kind);
        const weight = samples.length / (kinds * counts[own]! * batch);
        const logits = kindNames.map((_, row) => rowDot(values, row, vector, width));
        const most = Math.max(...logits);
        const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
        for (const [row, logit] of logits.entries()) {
          const slope = weight * (Math.exp(logit - most) / total - (row === own ? 1 : 0));
          for (let i = 0; i < width; i++) gradient[row * width + i]! += slope * vector[i]!;
          gradient[kinds * width + row]! += slope;
        }
      }
      update(gradient, rate * (1 - epoch / epochs), decay);
    }
  }
  return { weight: Float32Array.from(values.subarray(0, kinds * width)), bias: Float32Array.from(values.subarray(kinds * width)) };
};

const rowDot = (values: Float64Array, row: number, vector: Float32Array, width: number): number => {
  let sum = values[kindNames.length * width + row]!;
  for (let i = 0; i < width; i++) sum += values[row * width + i]! * vector[i]!;
  return sum;
};
