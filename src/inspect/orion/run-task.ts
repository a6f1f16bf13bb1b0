import type { Blockwise } from '../blockwise.ts';
import { sweep, type TokenScores } from '../sweep.ts';
import type { OrionDataset } from './dataset.ts';
import { drawPairs, type OrionBaseline, type PairOptions } from './outcome/pairs.ts';
import { type OrionTaskSummary, summariseTask } from './outcome/summary.ts';
import { labelsOf, type Role, roles } from './role.ts';

export interface OrionRunOptions extends PairOptions {
  readonly signal?: AbortSignal | undefined;
  /** Prompts read and patched, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * A dataset put to a model: its prompts as they are and, where the model knows the task, pairs patched after every block.
 *
 * @throws as `sweep`
 */
export const runOrionTask = async (
  model: Blockwise,
  dataset: OrionDataset,
  { signal, onProgress, ...pairs }: OrionRunOptions = {},
): Promise<OrionTaskSummary> => {
  const { prompts } = dataset;
  const layers = Array.from({ length: model.config.layers }, (_, i) => i + 1);
  const asked = drawPairs(prompts.length, layers, pairs).map((pair) => ({ ...pair, labels: labelsOf(prompts[pair.source]!, prompts[pair.target]!) }));
  const baselinesOf = (plain: readonly TokenScores[]): OrionBaseline[] =>
    plain.map(({ logprobs, best }) => ({ probability: Math.exp(logprobs[0]!), top: best[0]!.id }));
  const { plain, patched } = await sweep(
    model,
    prompts.map(({ ids }) => ids),
    (plain) =>
      summariseTask(dataset, baselinesOf(plain), []).passed ? asked.map(({ labels, ...pair }) => ({ ...pair, wanted: roles.map((role) => labels[role]) })) : [],
    prompts.map(({ answerId }) => [answerId]),
    { signal, onProgress },
  );
  const results = patched.map(({ logprobs, best }, i) => ({
    ...asked[i]!,
    probabilities: Object.fromEntries(roles.map((role, at) => [role, Math.exp(logprobs[at]!)])) as Record<Role, number>,
    top: best[0]!.id,
  }));
  return summariseTask(dataset, baselinesOf(plain), results);
};
