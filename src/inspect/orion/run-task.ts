import type { Blockwise } from '../blockwise.ts';
import { sweep, type TokenScores } from '../sweep.ts';
import type { OrionDataset, OrionPrompt } from './dataset.ts';
import { openDraw } from './draw.ts';
import { alternativeTo, alternativeTries } from './outcome/alternative.ts';
import { drawPairs, type OrionBaseline, type OrionPairResult, type PairOptions } from './outcome/pairs.ts';
import { softMatch } from './outcome/soft-match.ts';
import { type OrionTaskSummary, summariseTask } from './outcome/summary.ts';
import { answersOf, byRole, contextsOf, labelsOf, roles } from './role.ts';

export interface OrionRunOptions extends PairOptions {
  readonly signal?: AbortSignal | undefined;
  /** Prompts read and patched, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Other draws than those of prompts and pairs of the same seed. */
const apart = 2_000_003;

/**
 * A dataset put to a model: its prompts as they are and, where the model knows the task, pairs patched after every block.
 *
 * @param textOf  a token as it is written in a text
 * @throws as `sweep`
 */
export const runOrionTask = async (
  model: Blockwise,
  dataset: OrionDataset,
  textOf: (id: number) => string,
  { signal, onProgress, ...pairs }: OrionRunOptions = {},
): Promise<OrionTaskSummary> => {
  const { prompts } = dataset;
  const layers = Array.from({ length: model.config.layers }, (_, i) => i + 1);
  const seed = (pairs.seed ?? 1) + apart;
  /** Of a role of a pair, or of a prompt unpatched, by its place among all. */
  const alternative = (answerId: number, context: OrionPrompt['context'], place: number): number | null =>
    alternativeTo(answerId, context, prompts, openDraw(seed, alternativeTries * place));
  const others = prompts.map(({ answerId, context }, i) => alternative(answerId, context, i));
  const asked = drawPairs(prompts.length, layers, pairs).map((pair, i) => {
    const both = [prompts[pair.source]!, prompts[pair.target]!] as const;
    const [labels, contexts] = [labelsOf(...both), contextsOf(...both)];
    const place = prompts.length + roles.length * i;
    return { ...pair, labels, answers: answersOf(...both), others: byRole((role) => alternative(labels[role], contexts[role], place + roles.indexOf(role))) };
  });
  const baselinesOf = (plain: readonly TokenScores[]): OrionBaseline[] =>
    plain.map(({ logprobs: [own, other], best }, i) => ({
      probability: Math.exp(own!),
      top: best[0]!.id,
      softMatch: softMatch(textOf(best[0]!.id), prompts[i]!.answer),
      logitDiff: others[i] === null ? null : own! - other!,
    }));
  const { plain, patched } = await sweep(
    model,
    prompts.map(({ ids }) => ids),
    (plain) => {
      if (!summariseTask(dataset, baselinesOf(plain), []).passed) return [];
      return asked.map(({ source, target, layer, labels, others }) => ({
        source,
        target,
        layer,
        wanted: roles.flatMap((role) => [labels[role], others[role] ?? labels[role]]),
      }));
    },
    prompts.map(({ answerId }, i) => [answerId, others[i] ?? answerId]),
    { signal, onProgress },
  );
  const results = patched.map(({ logprobs, best }, i): OrionPairResult => {
    const { source, target, layer, labels, answers, others } = asked[i]!;
    const top = best[0]!.id;
    const at = byRole((role) => 2 * roles.indexOf(role));
    return {
      source,
      target,
      layer,
      labels,
      top,
      probabilities: byRole((role) => Math.exp(logprobs[at[role]]!)),
      softMatches: byRole((role) => softMatch(textOf(top), answers[role])),
      logitDiffs: byRole((role) => (others[role] === null ? null : logprobs[at[role]]! - logprobs[at[role] + 1]!)),
    };
  });
  return summariseTask(dataset, baselinesOf(plain), results);
};
