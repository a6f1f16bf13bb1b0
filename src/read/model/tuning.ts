import { type Node, nameOf } from '../../core/index.ts';
import { lowRank, lowRankParameters, lowRankStart, mergeLowRank } from '../../nn/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import type { TrainingConfig } from './training-config.ts';

/** Low-rank branches beside every linear of the encoder's blocks. */
const branch = { targets: /^blocks\.\d+\.(attn\.(q|k|v|out)|mlp\.(up|down))$/, rank: 16, alpha: 32 };

export const isEncoder = (name: string): boolean => /^(embed|blocks)\./.test(name);
const isBranch = (name: string): boolean => /\.lora\.[ab]$/.test(name);

/** The graph as it is tuned: with `lora` every linear of the encoder has a low-rank branch. */
export const tuned = (roots: readonly Node[], { tuning }: Pick<TrainingConfig, 'tuning'>, dropout?: { rate: number; key: Node }): Node[] =>
  tuning === 'full' ? [...roots] : lowRank(roots, { ...branch, dropout });

/** Whether a parameter is trained: with `full` all, with `lora` the branches and the heads. The word table never is. */
export const isTrained = (name: string, { tuning }: Pick<TrainingConfig, 'tuning'>): boolean => tuning === 'full' || isBranch(name) || !isEncoder(name);

/** First values of the branches below some roots: they change nothing yet. */
export const branchValues = (roots: readonly Node[], seed: number): Record<string, TensorData> =>
  Object.fromEntries(
    lowRankParameters(roots).map((node) => [nameOf(node), { dtype: 'float32', shape: node.shape as readonly number[], data: lowRankStart(node, seed) }]),
  );

/**
 * Values of the plain model: every branch is merged into its linear.
 *
 * @param values  of the trained parameters
 * @param base    of the encoder's
 */
export const mergedValues = (values: Readonly<Record<string, TensorData>>, base: Readonly<Record<string, TensorData>>): Record<string, TensorData> => {
  const merged: Record<string, TensorData> = { ...base };
  for (const [name, value] of Object.entries(values)) {
    if (!isBranch(name)) merged[name] = value;
    else if (name.endsWith('.a')) {
      const site = name.slice(0, -'.lora.a'.length);
      const weight = base[`${site}.weight`]!;
      const [a, b] = [value.data as Float32Array, values[`${site}.lora.b`]!.data as Float32Array];
      merged[`${site}.weight`] = { ...weight, data: mergeLowRank(weight.data as Float32Array, a, b, branch) };
    }
  }
  return merged;
};

/** What is not the encoder's. */
export const headsOf = (parameters: readonly Node[]): Node[] => parameters.filter((node) => !isEncoder(nameOf(node)));
