import type { BaseModel, ExpertUse, Recipe } from '../../adapt/index.ts';
import { bootstrap, type ChangedItem, changedAnswers, type MeasuredItem, meanOf, pairedBootstrap } from '../../evaluate/index.ts';
import { countParameters } from '../../models/index.ts';
import { type AdaptResult, adaptResultFormat, verdict } from '../../report/index.ts';
import type { AdaptData } from './adapt-data.ts';
import type { Measured } from './kept-measured.ts';
import { type TaskMetric, taskMetric } from './measure-model.ts';

export interface RunFigures {
  readonly name: string;
  readonly path: string;
  readonly base: BaseModel;
  readonly recipe: Recipe;
  readonly origin: AdaptResult['from'];
  readonly data: Pick<AdaptData, 'learnt' | 'refused' | 'heldOut' | 'contaminated' | 'contaminatedFacts' | 'pairs' | 'kinds' | 'replay'> & {
    readonly cut?: AdaptData['cut'];
    readonly read: Pick<AdaptData['read'], 'samples' | 'kinds' | 'skipped' | 'duplicates'>;
  };
  /** None where nothing was trained. */
  readonly kept: AdaptResult['kept'];
  readonly trainable: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly price: { readonly seconds: number; readonly bytes: number };
  readonly loss: AdaptResult['loss'];
  /** None where nothing was trained. */
  readonly heldOutLoss: { readonly before: number; readonly after: number } | undefined;
  /** The held-out loss before training beside float weights, where it was trained beside others. */
  readonly floatLoss?: number;
  readonly before: Measured;
  readonly after: Measured;
  readonly experts: ExpertUse | undefined;
  readonly balance: number | undefined;
}

/** Held-out samples that are shown whether they changed or not. */
const mostUnchosen = 12;
/** Of sentences: words in common from which an answer counts as right. */
const rightFrom = 0.5;
const counted = (names: readonly string[]): { name: string; count: number }[] => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count }));
};

/** What a run has to show, for `result.json` and its report. */
export const runResult = (figures: RunFigures): AdaptResult => {
  const {
    name,
    path,
    base,
    recipe,
    origin,
    data,
    kept,
    trainable,
    tokens,
    seconds,
    peakMemoryBytes,
    price,
    loss,
    heldOutLoss,
    floatLoss,
    before,
    after,
    experts,
    balance,
  } = figures;
  const { method, seed } = recipe;
  const groups = ((method.options['of'] ?? method.options) as { groups?: readonly number[] }).groups;
  const result: Omit<AdaptResult, 'verdict'> = {
    format: adaptResultFormat,
    name,
    model: { name: base.name, sha256: base.sha256, parameters: countParameters(base.source.parameters) },
    data: {
      path,
      samples: data.learnt,
      shapes: counted(data.read.samples.map(({ shape }) => shape)).map(({ name: shape, count }) => ({ shape, samples: count })),
      kinds: Object.entries(data.read.kinds).map(([kind, samples]) => ({ kind, samples })),
      heldOut: data.heldOut.length,
      skipped: counted([...data.read.skipped, ...data.refused].map(({ reason }) => reason)).map(({ name: reason, count }) => ({ reason, samples: count })),
      ...(data.cut && { cut: data.cut.length }),
      duplicates: data.read.duplicates.length,
      contaminated: new Set(data.contaminated.map(({ evaluationId }) => evaluationId)).size,
      contaminatedFacts: new Set(data.contaminatedFacts.map(({ factId }) => factId)).size,
    },
    method: { kind: method.kind, options: method.options },
    ...(origin && { from: { name: origin.name, path: origin.path, sha256: origin.sha256 } }),
    ...(kept && { kept }),
    ...(floatLoss !== undefined && heldOutLoss && { frozen: { weights: 'int8', heldOutLoss: { held: heldOutLoss.before, f32: floatLoss } } }),
    askedWith: before.weights,
    trainable,
    tokens,
    seconds,
    peakMemoryBytes,
    price: { estimated: price },
    seeds: [seed],
    loss,
    task: before.task.length > 0 ? taskOf(before.task, after.task, taskMetric(data.heldOut), seed) : null,
    perplexityHeldOut: heldOutLoss && data.pairs.length === 0 ? { before: Math.exp(heldOutLoss.before), after: Math.exp(heldOutLoss.after) } : null,
    ...knowledgeOf(before.knowledge, after.knowledge, seed),
    ...(experts && { experts: expertsOf(experts, data.kinds, groups, balance ?? null) }),
    replay: { share: data.replay.share, source: data.replay.source },
  };
  const whole = { ...result, examples: { ...result.examples, ...(before.task.length > 0 && taskExamples(before.task, after.task, taskMetric(data.heldOut))) } };
  return { ...whole, verdict: verdict(whole) };
};

const interval = (items: readonly MeasuredItem[], metric: string, seed: number) => {
  const { value, low, high } = bootstrap(items, meanOf(metric), { seed });
  return { value, low, high };
};

const taskOf = (before: readonly MeasuredItem[], after: readonly MeasuredItem[], { name, said }: TaskMetric, seed: number): AdaptResult['task'] => ({
  metric: said,
  n: before.length,
  before: interval(before, name, seed),
  after: interval(after, name, seed),
  difference: pairedBootstrap(after, before, meanOf(name), { seed }),
});

/** Held-out samples that changed between right and wrong, those that changed most first, and some of all. */
const taskExamples = (before: readonly MeasuredItem[], after: readonly MeasuredItem[], { name }: TaskMetric): Partial<AdaptResult['examples']> => {
  const isShare = name === 'word-f1';
  const judged = (items: readonly MeasuredItem[]) => items.map((item) => ({ ...item, values: { ...item.values, right: Number(item.values[name]! >= (isShare ? rightFrom : 1)) } })); // biome-ignore format: one thought
  const { lost, gained } = changedAnswers(judged(before), judged(after), 'right');
  const change = ({ before: was, after: is }: ChangedItem): number => Math.abs(is.values[name]! - was.values[name]!);
  const example = ({ before: was, after: is }: ChangedItem) => ({ prompt: was.prompt, expected: was.gold, before: was.answer, after: is.answer });
  const listed = (items: readonly ChangedItem[]) => items.toSorted((a, b) => change(b) - change(a)).map(example);
  return {
    taskLost: listed(lost),
    taskGained: listed(gained),
    ...(isShare && { taskRightFrom: rightFrom }),
    task: before.slice(0, mostUnchosen).map((item, i) => example({ before: item, after: after[i]! })),
  };
};

const knowledgeOf = (before: readonly MeasuredItem[], after: readonly MeasuredItem[], seed: number): Pick<AdaptResult, 'knowledge' | 'examples'> => {
  const { lost, gained, difference } = changedAnswers(before, after, 'accuracy', { seed });
  const relations = [...new Set(before.map(({ group }) => group!))].sort();
  const share = (items: readonly MeasuredItem[], relation: string): number => meanOf('accuracy')(items.filter(({ group }) => group === relation));
  const example = ({ before: was, after: is }: ChangedItem) => ({ question: was.prompt, expected: was.gold, before: was.answer, after: is.answer });
  return {
    knowledge: {
      metric: 'facts ranked first among others of their kind',
      n: before.length,
      before: interval(before, 'accuracy', seed),
      after: interval(after, 'accuracy', seed),
      difference,
      byRelation: relations.map((relation) => ({
        relation,
        n: before.filter(({ group }) => group === relation).length,
        before: share(before, relation),
        after: share(after, relation),
      })),
    },
    examples: { lost: lost.map(example), gained: gained.map(example), task: [] },
  };
};

const expertsOf = (
  { byKind, byModule }: ExpertUse,
  kinds: ReadonlyMap<number, string>,
  groups: readonly number[] | undefined,
  balance: number | null,
): NonNullable<AdaptResult['experts']> => ({
  byKind: [...byKind].map(([kind, shares]) => ({ kind: kinds.get(kind) ?? 'no kind', shares: shares.map(asShare) })),
  byModule: [...byModule].map(([site, shares]) => ({ site, shares: shares.map(asShare) })),
  groups: groups ?? [[...byModule.values()][0]!.length],
  balance,
});

/** Means of float32 shares that are all but 1 may round to a little more. */
const asShare = (mean: number): number => Math.min(1, mean);
