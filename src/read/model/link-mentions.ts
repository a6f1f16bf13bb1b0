import type { Span } from '../../evaluate/index.ts';
import type { Call } from './calls.ts';
import { decodeClusters } from './decode.ts';
import { int64 } from './grid.ts';
import { entityTypes } from './labels.ts';
import type { ReaderConfig } from './reader-config.ts';
import { mentionTiles } from './training-batch.ts';
import type { Pieces } from './windows.ts';

/** A kept mention: where it stands in its document, and in which cell of which chunk. */
export interface Mention extends Span {
  readonly chunk: number;
  readonly cell: number;
  readonly score: number;
}

export interface MentionState {
  readonly vector: Float32Array;
  readonly beliefs: Float32Array;
}

const callPairs = 8192;
const types = entityTypes.length;

/** Clusters of every document, from the states of its mentions: some documents a call, so that what is computed for their pairs stays in the processor's cache. */
export const linkMentions = async (
  mentions: readonly (readonly Mention[])[],
  states: ReadonlyMap<Mention, MentionState>,
  pieces: readonly Pieces[],
  links: Call,
  config: ReaderConfig,
): Promise<Span[][][]> => {
  const clusters: Span[][][] = [];
  for (let from = 0; from < mentions.length; ) {
    let [to, pairs] = [from, 0];
    while (to < mentions.length && (to === from || pairs < callPairs)) pairs += mentions[to++]!.length ** 2 / 2;
    clusters.push(...(await linkTogether(mentions.slice(from, to), states, pieces.slice(from, to), links, config)));
    from = to;
  }
  return clusters;
};

const linkTogether = async (
  mentions: readonly (readonly Mention[])[],
  states: ReadonlyMap<Mention, MentionState>,
  pieces: readonly Pieces[],
  links: Call,
  config: ReaderConfig,
): Promise<Span[][][]> => {
  const all = mentions.flat();
  const rows = Math.max(2, all.length);
  const vectors = new Float32Array(rows * config.projection);
  const beliefs = new Float32Array(rows * (types + 1));
  const scores = new Float32Array(rows);
  const [strings, lastWords] = [new Int32Array(rows), new Int32Array(rows)];
  const ids = new Map<string, number>();
  const idOf = (text: string): number => {
    const known = ids.get(text) ?? ids.size;
    ids.set(text, known);
    return known;
  };
  let at = 0;
  for (const [document, list] of mentions.entries())
    for (const mention of list) {
      const { words } = pieces[document]!;
      vectors.set(states.get(mention)!.vector, at * config.projection);
      beliefs.set(states.get(mention)!.beliefs, at * (types + 1));
      scores[at] = mention.score;
      strings[at] = idOf(words.slice(mention.start, mention.end + 1).join(' '));
      lastWords[at] = idOf(words[mention.end]!);
      at++;
    }
  const sizes = mentions.map((list) => list.length);
  const { feeds, place } = mentionTiles(sizes, config.antecedents);
  const results = await links({
    ...feeds,
    mentions: { dtype: 'float32', shape: [rows, config.projection], data: vectors },
    beliefs: { dtype: 'float32', shape: [rows, types + 1], data: beliefs },
    mentionScores: { dtype: 'float32', shape: [rows], data: scores },
    mentionStrings: int64([rows], strings),
    mentionLastWords: int64([rows], lastWords),
  });
  const scored = results['links']!.data as Float32Array;
  return mentions.map((list, document) =>
    decodeClusters(
      list.map(({ start, end }) => ({ start, end })),
      (i) => {
        const scores = new Float32Array(Math.min(i, config.antecedents));
        for (let back = 1; back <= scores.length; back++) scores[back - 1] = scored[place(document, i, i - back)]!;
        return scores;
      },
    ),
  );
};
