import { bootstrap, type Interval } from '../../evaluate/index.ts';
import type { Component } from '../components/index.ts';
import { openDraw } from '../orion/draw.ts';
import { mean } from '../orion/outcome/mean.ts';
import { differenceOf, type EffectsTowards } from './effects-towards.ts';
import { overlapOf, strongOf } from './overlap.ts';
import { type RetrievalComponent, type RetrievalOutcome, type RetrievalResult, type RetrievalRun, retrievalRuns } from './retrieval-result.ts';
import { valueHeads } from './value-heads.ts';

/** Of the target towards its own answer, of all others towards the requested value: `before` is the target, `again` the chimera against independent baselines. */
type EffectsOf = 'target' | 'before' | 'patched' | 'chimera' | 'again' | 'source';

/** What was measured on one story, as plain numbers; tokens and logits are those of its variables' values, in their order. */
export interface MeasuredStory {
  /** The requested value. */
  readonly value: string;
  /** Places of the two that are asked for. */
  readonly right: { readonly source: number; readonly target: number };
  readonly tokens: readonly number[];
  readonly logprobs: Readonly<Record<RetrievalRun, readonly number[]>>;
  readonly likeliest: Readonly<Record<RetrievalRun, number>>;
  readonly effects: Readonly<Record<EffectsOf, EffectsTowards>>;
  /** On the requested value, [layers * heads]. */
  readonly attention: Readonly<Record<'before' | 'after' | 'chimera', readonly number[]>>;
  readonly sourceRight: boolean;
}

const marks = { effect: 0.01, attention: 0.1, strong: 0.03, pairs: 1000 };

const median = (values: readonly number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length === 0 ? null : sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export const summariseStudy = (
  stories: readonly MeasuredStory[],
  names: readonly { readonly component: Component; readonly name: string }[],
  heads: number,
  { seed }: { readonly seed: number },
): Pick<RetrievalResult, 'accuracy' | 'outcomes' | 'totalEffect' | 'components' | 'movers' | 'attentionChange' | 'change' | 'overlap' | 'values'> => {
  const { right } = stories[0]!;
  const over = (of: (story: MeasuredStory) => number): Interval => bootstrap(stories, (drawn) => mean(drawn.map(of)), { seed });
  const outcomeOf = (run: RetrievalRun): RetrievalOutcome => ({
    requested: over(({ logprobs }) => Math.exp(logprobs[run][right.source]!)),
    own: over(({ logprobs }) => Math.exp(logprobs[run][right.target]!)),
    difference: over(({ logprobs }) => differenceOf(logprobs[run], right.source)),
  });
  const share = (of: (story: MeasuredStory) => boolean): number => stories.filter(of).length / stories.length;
  const per = (which: EffectsOf): EffectsTowards[] => stories.map(({ effects }) => effects[which]);
  const found = { target: per('target'), source: per('source'), chimera: per('chimera'), again: per('again'), before: per('before'), patched: per('patched') };
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
  const headPlaces = names.flatMap(({ component }, c) => (component.kind === 'head' ? [{ c, at: component.layer * heads + component.head }] : []));
  const ofValues = valueHeads(
    stories.map(({ value, effects, attention: on }) => ({
      value,
      effects: headPlaces.map(({ c }) => effects.chimera.each[c]! / totals.chimera),
      attention: headPlaces.map(({ at }) => on.chimera[at]!),
    })),
    { seed: seed + 3 },
  );
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
    values: { told: ofValues.values, heads: ofValues.heads.map(({ at, ...head }) => ({ name: names[headPlaces[at]!.c]!.name, ...head })) },
  };
};
