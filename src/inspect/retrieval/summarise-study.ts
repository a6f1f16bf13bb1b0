import { bootstrap, type Interval } from '../../evaluate/index.ts';
import type { Component, DirectEffects } from '../components/index.ts';
import { openDraw } from '../orion/draw.ts';
import { mean } from '../orion/outcome/mean.ts';
import { overlapOf, strongOf } from './overlap.ts';
import { type RetrievalComponent, type RetrievalOutcome, type RetrievalResult, type RetrievalRun, retrievalRuns } from './retrieval-result.ts';

type EffectsOf = 'target' | 'patched' | 'chimera' | 'chimeraAgain' | 'source';

/** What was measured on one story; tokens and logits are those of its variables' values, in their order. */
export interface MeasuredStory {
  readonly variables: readonly string[];
  /** Places of the two that are asked for. */
  readonly right: { readonly source: number; readonly target: number };
  readonly tokens: readonly number[];
  readonly logprobs: Readonly<Record<RetrievalRun, readonly number[]>>;
  readonly likeliest: Readonly<Record<RetrievalRun, number>>;
  /** A baseline prompt each. */
  readonly effects: Readonly<Record<EffectsOf, readonly DirectEffects[]>>;
  /** On the requested value, [layers * heads]. */
  readonly attention: Readonly<Record<'before' | 'after' | 'chimera', readonly number[]>>;
  readonly sourceRight: boolean;
}

const marks = { effect: 0.01, attention: 0.1, strong: 0.03, pairs: 1000 };

/** Logit of the right value less the mean of the others'. */
export const differenceOf = (logits: readonly number[], right: number): number => {
  const others = logits.filter((_, i) => i !== right);
  return logits[right]! - mean(others);
};

const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? null : sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Per component: how much of the difference is lost, mean over baselines; and of everything at once. */
const effectsOf = (effects: readonly DirectEffects[], right: number): { readonly each: number[]; readonly total: number } => {
  const own = differenceOf(effects[0]!.logits, right);
  return {
    each: effects[0]!.components.map((_, c) => own - mean(effects.map(({ components }) => differenceOf(components[c]!.logits, right)))),
    total: own - mean(effects.map(({ otherLogits }) => differenceOf(otherLogits, right))),
  };
};

export const summariseStudy = (
  stories: readonly MeasuredStory[],
  names: readonly { readonly component: Component; readonly name: string }[],
  heads: number,
  { seed }: { readonly seed: number },
): Pick<RetrievalResult, 'accuracy' | 'outcomes' | 'totalEffect' | 'components' | 'movers' | 'attentionChange' | 'change' | 'overlap'> => {
  const { right } = stories[0]!;
  const over = (of: (story: MeasuredStory) => number): Interval => bootstrap(stories, (drawn) => mean(drawn.map(of)), { seed });
  const outcomeOf = (run: RetrievalRun): RetrievalOutcome => ({
    requested: over(({ logprobs }) => Math.exp(logprobs[run][right.source]!)),
    own: over(({ logprobs }) => Math.exp(logprobs[run][right.target]!)),
    difference: over(({ logprobs }) => differenceOf(logprobs[run], right.source)),
  });
  const share = (of: (story: MeasuredStory) => boolean): number => stories.filter(of).length / stories.length;
  const per = (which: EffectsOf, towards: number) => stories.map(({ effects }) => effectsOf(effects[which], towards));
  const found = {
    target: per('target', right.target),
    source: per('source', right.source),
    chimera: per('chimera', right.source),
    again: per('chimeraAgain', right.source),
    before: per('target', right.source),
    patched: per('patched', right.source),
  };
  const totalOf = (all: readonly { readonly total: number }[]): number => mean(all.map(({ total }) => total));
  const totals = { target: totalOf(found.target), source: totalOf(found.source), chimera: totalOf(found.chimera) };
  const shares = (all: readonly { readonly each: readonly number[] }[], c: number, by: number): number => mean(all.map(({ each }) => each[c]!)) / by;
  const attention = (which: 'before' | 'after' | 'chimera', at: number): number => mean(stories.map((story) => story.attention[which][at]!));
  const components = names.map(({ component, name }, c): RetrievalComponent => {
    const { layer } = component as { readonly layer: number };
    const head = component.kind === 'head' ? component.head : null;
    const place = layer * heads + (head ?? 0);
    return {
      name,
      kind: component.kind as 'head' | 'mlp',
      layer,
      head,
      effects: {
        target: shares(found.target, c, totals.target),
        source: shares(found.source, c, totals.source),
        chimera: shares(found.chimera, c, totals.chimera),
        before: shares(found.before, c, totals.chimera),
        patched: shares(found.patched, c, totals.chimera),
      },
      attention: head === null ? null : { before: attention('before', place), after: attention('after', place), chimera: attention('chimera', place) },
    };
  });
  const movers = components.filter(
    ({ effects, attention: on }) =>
      on !== null && ((effects.before > marks.effect && on.before > marks.attention) || (effects.patched > marks.effect && on.after > marks.attention)),
  );
  const relative = (from: 'before' | 'chimera'): number | null => median(movers.map(({ attention: on }) => (on!.after - on![from]) / on![from]));
  const changed = (kind: 'head' | 'mlp'): number =>
    components.reduce((sum, one) => sum + (one.kind === kind ? one.effects.patched - one.effects.chimera : 0), 0);
  const strong = (all: readonly { readonly each: readonly number[] }[]) => all.map(({ each }) => strongOf(each, marks.strong * totals.chimera));
  const sets = { chimera: strong(found.chimera), again: strong(found.again), patched: strong(found.patched) };
  const overlapping = (pairs: readonly (readonly [ReadonlySet<number>, ReadonlySet<number>])[]): Interval => {
    const known = pairs.map(([a, b]) => overlapOf(a, b)).filter((one) => one !== undefined);
    return known.length === 0 ? { value: Number.NaN, low: Number.NaN, high: Number.NaN } : bootstrap(known, mean, { seed });
  };
  const draw = openDraw(seed + 2);
  const others = Array.from({ length: marks.pairs }, () => {
    const a = draw.index(stories.length);
    return [a, (a + 1 + draw.index(stories.length - 1)) % stories.length] as const;
  });
  return {
    accuracy: {
      target: share(({ likeliest, tokens }) => likeliest.target === tokens[right.target]),
      source: share(({ sourceRight }) => sourceRight),
      chimera: share(({ likeliest, tokens }) => likeliest.chimera === tokens[right.source]),
    },
    outcomes: Object.fromEntries(retrievalRuns.map((run) => [run, outcomeOf(run)])) as Record<RetrievalRun, RetrievalOutcome>,
    totalEffect: totals,
    components,
    movers: movers.map(({ name }) => name),
    attentionChange: { fromTarget: relative('before'), fromChimera: relative('chimera') },
    change: { heads: changed('head'), mlps: changed('mlp') },
    overlap: {
      patched: overlapping(sets.patched.map((set, i) => [set, sets.again[i]!])),
      resampled: overlapping(sets.chimera.map((set, i) => [set, sets.again[i]!])),
      others: overlapping(others.map(([a, b]) => [sets.chimera[a]!, sets.again[b]!])),
      strong: mean(sets.chimera.map(({ size }) => size)),
    },
  };
};
