import { epochOrder, uniformOf } from '../../train/index.ts';
import { adam } from './adam.ts';
import { type Network, standardised } from './network.ts';

/** One document of training. */
export interface LabelledFeatures {
  /** `[segments][features]` */
  readonly features: readonly Float32Array[];
  /** For each segment whether it was injected; "some" where only that of the document is known. */
  readonly injected: readonly boolean[] | 'some';
  readonly weight: number;
}

export interface NetworkOptions {
  readonly hidden: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly decay: number;
  readonly seed: number;
}

const batch = 16;

/** Fits a network of one hidden layer. The same documents and options give the same values. */
export const fitNetwork = (documents: readonly LabelledFeatures[], { hidden, epochs, learningRate, decay, seed }: NetworkOptions): Network => {
  const { mean, spread } = momentsOf(documents);
  const inputs = documents.map(({ features, ...rest }) => ({ ...rest, features: features.map((row) => standardised({ mean, spread }, row)) }));
  const width = mean.length;
  const values = Float64Array.from({ length: hidden * (width + 2) + 1 }, (_, i) =>
    i < hidden * width
      ? (2 * uniformOf(seed, i) - 1) / Math.sqrt(width)
      : i < hidden * (width + 1) || i === hidden * (width + 2)
        ? 0
        : (2 * uniformOf(seed, i) - 1) / Math.sqrt(hidden),
  );
  const update = adam(values);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = epochOrder(seed, epoch, inputs.length);
    for (let from = 0; from < order.length; from += batch) {
      const gradient = new Float64Array(values.length);
      for (const at of order.slice(from, from + batch)) addLoss(values, hidden, inputs[at]!, gradient, 1 / batch);
      update(gradient, learningRate * (1 - (epoch + from / order.length) / epochs), decay);
    }
  }
  return {
    mean,
    spread,
    first: Float32Array.from(values.subarray(0, hidden * width)),
    hiddenBias: Float32Array.from(values.subarray(hidden * width, hidden * (width + 1))),
    second: Float32Array.from(values.subarray(hidden * (width + 1), hidden * (width + 2))),
    bias: values[hidden * (width + 2)]!,
  };
};

/** One network whose logit is the mean of theirs: their hidden layers side by side. They must have been standardised alike. */
export const meanNetwork = (networks: readonly Network[]): Network => ({
  mean: networks[0]!.mean,
  spread: networks[0]!.spread,
  first: joined(networks.map(({ first }) => first)),
  hiddenBias: joined(networks.map(({ hiddenBias }) => hiddenBias)),
  second: joined(networks.map(({ second }) => second)).map((value) => value / networks.length),
  bias: networks.reduce((sum, { bias }) => sum + bias, 0) / networks.length,
});

const joined = (arrays: readonly Float32Array[]): Float32Array => Float32Array.from(arrays.flatMap((array) => [...array]));

/**
 * Adds the loss of one document's standardised features and, to `gradient`, its slope. Cross-entropy of the segments: half for the mean over those injected (or not), half for the one of
 * them that scores highest, since the highest decides over a document. Where only the document is known to be injected, its highest segment counts alone.
 *
 * @param values  first [hidden, features], hidden bias [hidden], second [hidden], bias
 */
export const addLoss = (
  values: Float64Array,
  hidden: number,
  { features, injected, weight }: LabelledFeatures,
  gradient: Float64Array,
  scale: number,
): number => {
  const width = features[0]!.length;
  const at = { bias: hidden * width, second: hidden * (width + 1), last: hidden * (width + 2) };
  const runs = features.map((row) => {
    const states = Array.from({ length: hidden }, (_, unit) => {
      let sum = values[at.bias + unit]!;
      for (let i = 0; i < width; i++) sum += values[unit * width + i]! * row[i]!;
      return Math.tanh(sum);
    });
    return { states, logit: states.reduce((sum, state, unit) => sum + values[at.second + unit]! * state, values[at.last]!) };
  });
  const shares = sharesOf(
    runs.map(({ logit }) => logit),
    injected,
  );
  let loss = 0;
  for (const [segment, { share, target }] of shares.entries()) {
    if (share === 0) continue;
    const { states, logit } = runs[segment]!;
    const part = weight * scale * share;
    loss += part * (Math.max(logit, 0) - target * logit + Math.log1p(Math.exp(-Math.abs(logit))));
    const slope = part * (1 / (1 + Math.exp(-logit)) - target);
    gradient[at.last]! += slope;
    for (const [unit, state] of states.entries()) {
      gradient[at.second + unit]! += slope * state;
      const inner = slope * values[at.second + unit]! * (1 - state * state);
      gradient[at.bias + unit]! += inner;
      for (let i = 0; i < width; i++) gradient[unit * width + i]! += inner * features[segment]![i]!;
    }
  }
  return loss;
};

const sharesOf = (logits: readonly number[], injected: readonly boolean[] | 'some'): { share: number; target: number }[] => {
  const highest = (of: readonly number[]): number => of.reduce((best, i) => (logits[i]! > logits[best]! ? i : best), of[0]!);
  const all = [...logits.keys()];
  if (injected === 'some') return all.map((i) => ({ share: i === highest(all) ? 1 : 0, target: 1 }));
  const groups = [true, false].map((side) => all.filter((i) => injected[i] === side));
  return all.map((i) => {
    const own = groups[injected[i] ? 0 : 1]!;
    return { share: 0.5 / own.length + (i === highest(own) ? 0.5 : 0), target: injected[i] ? 1 : 0 };
  });
};

const momentsOf = (documents: readonly LabelledFeatures[]): { mean: Float32Array; spread: Float32Array } => {
  const width = documents[0]!.features[0]!.length;
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  let total = 0;
  for (const { features, weight } of documents)
    for (const row of features) {
      const share = weight / features.length;
      total += share;
      for (let i = 0; i < width; i++) {
        sums[i]! += share * row[i]!;
        squares[i]! += share * row[i]! ** 2;
      }
    }
  const mean = Float32Array.from(sums, (sum) => sum / total);
  return { mean, spread: Float32Array.from(squares, (square, i) => Math.max(0.02, Math.sqrt(Math.max(0, square / total - mean[i]! ** 2)))) };
};
