/** One hidden layer over standardised features: `first` [hidden, features], `hiddenBias` and `second` [hidden]. */
export interface Network {
  readonly mean: Float32Array;
  readonly spread: Float32Array;
  readonly first: Float32Array;
  readonly hiddenBias: Float32Array;
  readonly second: Float32Array;
  readonly bias: number;
}

// A feature this far from its mean says no more than one at this distance.
const farthest = 5;

/** Features in units of their spread in training, at most 5 from the mean. */
export const standardised = ({ mean, spread }: Pick<Network, 'mean' | 'spread'>, features: Float32Array): Float32Array =>
  features.map((value, i) => Math.max(-farthest, Math.min(farthest, (value - mean[i]!) / spread[i]!)));

/** Log-odds that a segment with these features was injected. */
export const logitOf = (network: Network, features: Float32Array): number => {
  const x = standardised(network, features);
  let sum = network.bias;
  for (let hidden = 0; hidden < network.second.length; hidden++) {
    let value = network.hiddenBias[hidden]!;
    for (let i = 0; i < x.length; i++) value += network.first[hidden * x.length + i]! * x[i]!;
    sum += network.second[hidden]! * Math.tanh(value);
  }
  return sum;
};
