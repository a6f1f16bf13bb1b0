import { openDraw } from '../orion/draw.ts';
import { mean } from '../orion/outcome/mean.ts';

/** A story as far as this goes: its value, and what each head does there. */
export interface ValuedStory {
  readonly value: string;
  /** A head each, in one order: direct effects on the value's logit as shares of the total effect, and attention on the value. */
  readonly effects: readonly number[];
  readonly attention: readonly number[];
}

/** A head that speaks for, or against, one value more than for the others. */
export interface ValueHead {
  /** Place of the head in that order. */
  readonly at: number;
  readonly value: string;
  /** Means over the stories with the value, and over the others. */
  readonly effect: { readonly with: number; readonly without: number };
  readonly attention: { readonly with: number; readonly without: number };
  /** How often stories whose values are dealt anew show so large a difference in any head and value. */
  readonly p: number;
}

export interface ValueHeads {
  /** Values that enough stories have, and how many do. */
  readonly values: readonly { readonly value: string; readonly stories: number }[];
  /** The surest first. */
  readonly heads: readonly ValueHead[];
}

const marks = { stories: 4, effect: 0.01, p: 0.05, deals: 1000 };

/**
 * Heads whose direct effect differs between stories of one value and the others: by at least 0.01 of the total effect, and more than one in twenty deals of the values to the stories shows in the head and value where it shows most, so
 * that looking at all of them finds no more than chance does. A value counts that at least four stories have and four have not.
 *
 * Source: A. Variengien and E. Winsor, arXiv:2312.10091, whose heads of single cities were chosen by eye from histograms of effect and attention; the test is ours.
 */
export const valueHeads = (stories: readonly ValuedStory[], { seed }: { readonly seed: number }): ValueHeads => {
  const places = Map.groupBy(stories.keys(), (story) => stories[story]!.value);
  const values = [...places.keys()].filter((value) => places.get(value)!.length >= marks.stories && stories.length - places.get(value)!.length >= marks.stories).sort(); // biome-ignore format: a chain
  const told = values.map((value) => ({ value, stories: places.get(value)!.length }));
  const heads = stories[0]?.effects.length ?? 0;
  if (values.length === 0) return { values: told, heads: [] };
  const centred = Array.from({ length: heads }, (_, head) => {
    const own = stories.map(({ effects }) => effects[head]!);
    const middle = mean(own);
    const spread = Math.sqrt(mean(own.map((effect) => (effect - middle) ** 2)));
    return own.map((effect) => (spread > 0 ? (effect - middle) / spread : 0));
  });
  /** Of a value's stories, those at these places: how far a head's mean lies from that of all, in its spread and by how many there are. */
  const distance = (head: number, own: readonly number[]): number =>
    Math.abs(own.reduce((sum, story) => sum + centred[head]![story]!, 0)) / Math.sqrt((own.length * (stories.length - own.length)) / stories.length);
  const draw = openDraw(seed);
  const order = [...stories.keys()];
  const most = Array.from({ length: marks.deals }, () => {
    const dealt = draw.shuffle(order);
    let greatest = 0;
    let from = 0;
    for (const { stories: count } of told) {
      const own = dealt.slice(from, from + count);
      from += count;
      for (let head = 0; head < heads; head++) greatest = Math.max(greatest, distance(head, own));
    }
    return greatest;
  });
  const found = values.flatMap((value) => {
    const own = places.get(value)!;
    const others = order.filter((story) => !own.includes(story));
    const over = (of: 'effects' | 'attention', head: number) => ({
      with: mean(own.map((story) => stories[story]![of][head]!)),
      without: mean(others.map((story) => stories[story]![of][head]!)),
    });
    return Array.from({ length: heads }, (_, at): ValueHead => {
      const far = distance(at, own);
      const p = (1 + most.filter((one) => one >= far - 1e-9).length) / (1 + marks.deals);
      return { at, value, effect: over('effects', at), attention: over('attention', at), p };
    }).filter(({ p, effect }) => p < marks.p && Math.abs(effect.with - effect.without) >= marks.effect);
  });
  const size = ({ effect }: ValueHead): number => Math.abs(effect.with - effect.without);
  return { values: told, heads: found.sort((a, b) => a.p - b.p || size(b) - size(a)) };
};
