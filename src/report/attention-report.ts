import { FormatError } from './errors.ts';
import { html } from './html.ts';
import { counted, grouped, percent } from './numbers.ts';
import { figure, keyItem, page, quoted } from './page.ts';
import { attentionMap, leastDrawn, tokenName } from './plots/attention-map.ts';
import { hue } from './plots/colours.ts';
import { gridPlot } from './plots/grid.ts';

/** What `lyceum inspect attention --json` tells, and of which model. */
export interface AttentionResult {
  readonly model: string;
  /** How weights are held. */
  readonly weights: string;
  readonly tokens: readonly string[];
  readonly layers: number;
  /** Heads of a block. */
  readonly heads: number;
  readonly last: readonly { readonly layer: number; readonly head: number; readonly reads: readonly Read[] }[];
  readonly patterns: readonly Pattern[];
}
interface Read {
  readonly place: number;
  readonly weight: number;
}
interface Pattern {
  readonly layer: number;
  readonly head: number;
  readonly rows: readonly (readonly number[])[];
}

/** Tokens of a text whose maps are drawn: a cell a pair of them, in every picture four times. */
export const mostMapped = 128;

const named = (tokens: readonly string[], place: number): string => `${tokenName(tokens[place]!)} (${place})`;
const most = <One extends Read>(reads: readonly One[]): One => reads.reduce((best, one) => (one.weight > best.weight ? one : best));
const readsOf = (row: readonly number[]): Read[] => row.map((weight, place) => ({ place, weight })).sort((a, b) => b.weight - a.weight);

/** What a token reads beside itself, the most of it: where nothing stands before it, itself. */
const afar = (reads: readonly Read[], place: number): Read => {
  const others = reads.filter((one) => one.place !== place);
  return others.length > 0 ? most(others) : reads[0]!;
};

/** One sentence: what the last token reads most, in which head. */
export const attentionVerdict = ({ model, tokens, last, patterns }: AttentionResult): string => {
  const end = tokens.length - 1;
  const heads =
    patterns.length > 0 ? patterns.map(({ layer, head, rows }) => ({ layer, head, ...afar(readsOf(rows[end]!), end) })) : last.map(({ layer, head, reads }) => ({ layer, head, ...afar(reads, end) })); // biome-ignore format: one choice
  const { layer, head, place, weight } = most(heads);
  return `In ${model}, the last of ${counted(tokens.length, 'token')}, “${tokenName(tokens[end]!)}”, reads most of what stands before it in head ${layer}.${head}: ${percent(weight, 0)} of its attention goes to “${tokenName(tokens[place]!)}” at place ${place}.`;
};

const mapFigure = async (tokens: readonly string[], { layer, head, rows }: Pattern) => {
  const end = tokens.length - 1;
  const { place, weight } = afar(readsOf(rows[end]!), end);
  const title = `Head ${layer}.${head}: the last token reads ${named(tokens, place)}, ${percent(weight, 0)}`;
  return figure({
    title,
    caption: `A row is a token, a column a token that it reads, itself and those before it; the stronger its colour, the more of its attention. Shares below ${percent(leastDrawn, 0)} are left blank.`,
    plot: await attentionMap(title, tokens, rows),
    key: [keyItem(hue(0), 'all of its attention')],
    numbers: {
      columns: [{ label: 'place', number: true }, { label: 'token' }, ...[1, 2, 3].flatMap((nth) => [{ label: `${nth}. reads` }, { label: `${nth}. share`, number: true }])], // biome-ignore format: one list
      rows: rows.map((row, query) => {
        const reads = readsOf(row).slice(0, 3);
        return [query, tokenName(tokens[query]!), ...[0, 1, 2].flatMap((nth) => (reads[nth] ? [named(tokens, reads[nth].place), reads[nth].weight] : ['', '']))]; // biome-ignore format: one row
      }),
    },
    file: `attention-${layer}-${head}`,
  });
};

const lastFigure = async ({ tokens, last }: AttentionResult) => {
  const end = tokens.length - 1;
  const heads = last.map(({ layer, head, reads }) => ({ layer, head, ...afar(reads, end) }));
  const strongest = most(heads);
  const title = `Reads most from afar: head ${strongest.layer}.${strongest.head}, ${named(tokens, strongest.place)}`;
  return figure({
    title,
    caption: 'A cell is a head: the stronger its colour, the more of the last token’s attention goes to the one token before it that the head reads most.',
    plot: await gridPlot(title, heads.map(({ layer, head, weight }) => ({ row: layer, column: head, value: weight })), { rows: 'layer', columns: 'head' }), // biome-ignore format: one call
    key: [keyItem(hue(0), 'all of its attention')],
    numbers: {
      columns: [{ label: 'head' }, { label: 'reads' }, { label: 'share', number: true }],
      rows: heads.toSorted((a, b) => b.weight - a.weight).map(({ layer, head, place, weight }) => [`${layer}.${head}`, named(tokens, place), weight]),
    },
    file: 'attention-last',
  });
};

/**
 * The page of what tokens of a text read: of the block asked for a map a head, else one picture of what the last token reads in all of them. One HTML file as `adaptReport` writes. Loads the plotting library when it is called.
 *
 * @throws FormatError for maps of a text of more than 128 tokens
 */
export const attentionReport = async (result: AttentionResult): Promise<string> => {
  const { model, weights, tokens, layers, heads, patterns } = result;
  if (patterns.length > 0 && tokens.length > mostMapped)
    throw new FormatError(
      `attention: expected at most ${mostMapped} tokens where maps are drawn, got ${tokens.length}; shorten the text, or leave the layer out`,
    );
  const figures = [];
  for (const pattern of patterns) figures.push(await mapFigure(tokens, pattern));
  if (patterns.length === 0) figures.push(await lastFigure(result));
  return page({
    kicker: `Lyceum · attention · ${weights}`,
    title: model,
    lead: attentionVerdict(result),
    facts: [
      { label: 'Tokens', value: grouped(tokens.length) },
      { label: 'Heads', value: grouped(layers * heads), note: `${counted(layers, 'block')} of ${heads}` },
      ...(patterns.length > 0 ? [{ label: 'Block', value: String(patterns[0]!.layer) }] : []),
    ],
    sections: [
      { title: 'The text', parts: quoted(tokens.join('')) },
      { title: patterns.length > 0 ? 'Head by head' : 'All heads, the last token', parts: figures },
      {
        title: 'How to read this',
        parts: html`<p>A head gives each token shares of the tokens up to itself, which sum to one; what it reads there it writes into the token’s residual stream. That much is read does not say that it matters: what a head writes is told by <code>lyceum inspect attribute</code>. The first token often gets what a head has no other use for.</p>`,
      },
    ],
    foot: 'Written by lyceum inspect attention. Layers, heads and places count from 0.',
  });
};
