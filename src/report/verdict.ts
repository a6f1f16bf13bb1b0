import { type AdaptResult, combinedKind, type Difference, type Interval, retrievedKind } from './adapt-result.ts';
import { capital, counted, figure, percent, pointsInterval } from './numbers.ts';

/** `unclear`: the 95 % interval allows both a gain and a loss. `kept`: it does too, but for no loss above two points. */
export interface Judgement {
  readonly task: 'gained' | 'lost' | 'unclear' | 'unmeasured';
  readonly knowledge: 'gained' | 'kept' | 'lost' | 'unclear' | 'unmeasured';
}

type Judged = Omit<AdaptResult, 'verdict'>;

/** The largest loss that still counts as kept, as a share. */
export const keptWithin = 0.02;

const direction = ({ low, high }: Interval) => (low > 0 ? 'gained' : high < 0 ? 'lost' : 'unclear');

/** What the 95 % intervals of a result allow to be said. */
export const judge = ({ task, knowledge }: Pick<Judged, 'task' | 'knowledge'>): Judgement => {
  // Without a paired difference the two intervals must stand apart, which asks for more than 95 %.
  const bounds = task && (task.difference ?? { value: 0, low: task.after.low - task.before.high, high: task.after.high - task.before.low });
  const known = knowledge && direction(knowledge.difference);
  return {
    task: bounds ? direction(bounds) : 'unmeasured',
    knowledge: !knowledge || !known ? 'unmeasured' : known === 'unclear' && knowledge.difference.low >= -keptWithin ? 'kept' : known,
  };
};

// The first interval of a sentence says what it is.
const withInterval = (difference: Difference, first: boolean): string =>
  first ? pointsInterval(difference).replace('(', '(95\u00a0% interval ') : pointsInterval(difference);

const taskClause = ({ task, perplexityHeldOut }: Judged, change: Judgement['task']): string => {
  if (!task) {
    const perplexity = perplexityHeldOut && `; held-out perplexity went from ${figure(perplexityHeldOut.before)} to ${figure(perplexityHeldOut.after)}`;
    return `no task score was measured${perplexity ?? ''}`;
  }
  const values = `${percent(task.before.value)} to ${percent(task.after.value)}`;
  const sure = task.difference ? withInterval(task.difference, true) : 'the 95\u00a0% intervals do not overlap';
  if (change === 'gained') return `${task.metric} rose from ${values}, ${sure}`;
  if (change === 'lost') return `${task.metric} fell from ${values}, ${sure}`;
  return `${task.metric} did not clearly change (${values} on ${counted(task.n, 'sample')})`;
};

const knowledgeClause = ({ knowledge, method, task }: Judged, change: Judgement['knowledge'], taskChange: Judgement['task']): string => {
  if (!knowledge) return method.kind === retrievedKind ? 'nothing was trained, so nothing was forgotten' : 'world knowledge was not measured';
  const by = withInterval(knowledge.difference, !task?.difference || taskChange === 'unclear');
  if (change === 'gained') return `world knowledge grew by ${by}`;
  if (change === 'kept') return `world knowledge was kept, ${by}`;
  if (change === 'lost') return `world knowledge was lost, ${by}`;
  return `${counted(knowledge.n, 'question')} cannot tell whether world knowledge was kept, ${by}`;
};

/** Where the held-out loss was lowest, if it has risen by more than one part in a hundred since; else null. */
export const passedLowest = (loss: AdaptResult['loss']): { step: number; of: number } | null => {
  const held = loss.flatMap(({ step, heldOut }) => (heldOut === undefined ? [] : [{ step, heldOut }]));
  const lowest = held.reduce((best, row) => (row.heldOut < best.heldOut ? row : best), held[0] ?? { step: 0, heldOut: 0 });
  const last = held.at(-1);
  return last && last.heldOut > lowest.heldOut * 1.01 ? { step: lowest.step, of: last.step } : null;
};

const advice = ({ method, replay, loss, from }: Judged, { task, knowledge }: Judgement): string => {
  const nothingTrained = method.kind === retrievedKind;
  if (task === 'lost') return nothingTrained ? 'do not use it' : 'do not use it, and look at the samples that went wrong';
  if (nothingTrained) return task === 'gained' ? 'training has to beat this to be worth its price' : 'examples in the prompt do not help here';
  if (task === 'gained') {
    if (knowledge === 'kept' || knowledge === 'gained') return 'use it';
    if (knowledge === 'unclear') return 'ask it more knowledge questions before you rely on it';
    if (knowledge === 'unmeasured') return 'measure what it forgot before you rely on it';
    if (method.kind === combinedKind) return 'use it for these tasks only, or mix runs that forgot less';
    if (replay.share === 0) return 'use it for this task only, or train again with replay, which was off';
    if (method.kind === 'full') return 'use it for this task only, or train an adapter beside frozen weights';
    return `use it for this task only, or train again with more replay than ${percent(replay.share, 0)} or for fewer steps`;
  }
  if (knowledge === 'lost') return task === 'unclear' ? 'do not use it, it only forgot' : 'do not use it before you have measured what it gained';
  if (task === 'unmeasured') return 'give it samples with expected answers to see whether it got better';
  if (method.kind === combinedKind) return 'take the run whose task it is instead';
  const passed = passedLowest(loss);
  const before = from ? 'the run it started from' : 'the base model';
  if (passed && passed.step <= 1) return `keep ${before}, or train with a smaller learning rate: the held-out loss only rose`;
  return passed ? `keep ${before}, or train for about ${passed.step} steps instead of ${passed.of}` : `keep ${before}, or train it on more samples`;
};

/**
 * One sentence that says what a run gained, what it lost, and what to do: no more than the 95 % intervals allow.
 *
 * Knowledge counts as kept where the interval of the difference includes zero and no loss above two points; where it is wider, the sentence says that it cannot be told.
 */
export const verdict = (result: Judged): string => {
  const judged = judge(result);
  const good = judged.knowledge === 'gained' || judged.knowledge === 'kept' || (judged.knowledge === 'unmeasured' && result.method.kind === retrievedKind);
  const link = (judged.task === 'gained') === good ? 'and' : 'but';
  return capital(`${taskClause(result, judged.task)}, ${link} ${knowledgeClause(result, judged.knowledge, judged.task)}: ${advice(result, judged)}.`);
};
