import { grouped } from './numbers.ts';
import { type Fact, figure, keyItem, page } from './page.ts';
import { hue } from './plots/colours.ts';
import { gridPlot } from './plots/grid.ts';

export const headKinds = ['previous', 'duplicate', 'induction', 'copying'] as const;
export type HeadKind = (typeof headKinds)[number];

/** Scores of a model's heads, and how they came about. */
export interface HeadsResult {
  readonly model: string;
  /** How weights are held. */
  readonly weights: string;
  readonly layers: number;
  /** Heads of a block. */
  readonly heads: number;
  /** Different tokens of a text, and texts. */
  readonly length: number;
  readonly texts: number;
  readonly seed: number;
  readonly scores: readonly ({ readonly layer: number; readonly head: number } & Readonly<Record<HeadKind, number>>)[];
}

type Score = HeadsResult['scores'][number];
const words: Readonly<Record<HeadKind, { readonly name: string; readonly says: string }>> = {
  previous: { name: 'previous token', says: 'how much a token attends to the token before it' },
  duplicate: { name: 'duplicate token', says: 'how much a token that comes a second time attends to where it came first' },
  induction: { name: 'induction', says: 'how much a token that comes a second time attends to what followed it the first time' },
  copying: { name: 'copying', says: 'how far up among all tokens drawn a head that attends to a token lifts that token (second hue: pushes down)' },
};
const name = ({ layer, head }: Score): string => `${layer}.${head}`;
const two = (value: number): string => value.toFixed(2).replace('-', '−');
const best = (scores: readonly Score[], kind: HeadKind): Score => scores.reduce((most, one) => (one[kind] > most[kind] ? one : most));

/** Heads counted as being of a kind where they give it half of their attention; copying heads lift a token halfway to the top. */
const mark = 0.5;

/** One sentence: how many heads of each kind the model has, and the strongest induction head. */
export const headsVerdict = ({ model, scores }: HeadsResult): string => {
  const counts = headKinds.map((kind) => `${scores.filter((score) => score[kind] >= mark).length} ${words[kind].name}`);
  const most = best(scores, 'induction');
  return `Of ${grouped(scores.length)} heads of ${model}, at ${two(mark)} and more: ${counts.join(', ')}; the strongest induction head is ${name(most)} (${two(most.induction)}).`;
};

const kindFigure = async (kind: HeadKind, { scores, length, texts }: HeadsResult) => {
  const most = best(scores, kind);
  const title = `${words[kind].name}: most in head ${name(most)}, ${two(most[kind])}`;
  const signed = kind === 'copying';
  return figure({
    title,
    caption: `A cell is a head: ${words[kind].says}; mean over ${grouped(texts)} texts of ${grouped(length)} tokens drawn at random that come twice.`,
    plot: await gridPlot(title, scores.map((score) => ({ row: score.layer, column: score.head, value: score[kind] })), { rows: 'layer', columns: 'head' }), // biome-ignore format: one call
    key: [keyItem(hue(0), '1'), ...(signed ? [keyItem(hue(1), '−1')] : [])],
    numbers: {
      columns: [{ label: 'head' }, { label: words[kind].name, number: true }],
      rows: [...scores].sort((a, b) => b[kind] - a[kind]).map((score) => [name(score), Number(score[kind].toFixed(4))]),
    },
    file: `heads-${kind}`,
  });
};

/**
 * The page of a model's heads: four pictures, a cell a head. One HTML file as `adaptReport` writes.
 *
 * Loads the plotting library when it is called.
 */
export const headsReport = async (result: HeadsResult): Promise<string> => {
  const { model, weights, layers, heads, length, texts, seed, scores } = result;
  const figures = [];
  for (const kind of headKinds) figures.push(await kindFigure(kind, result));
  const facts: Fact[] = headKinds.map((kind) => {
    const most = best(scores, kind);
    return { label: words[kind].name, value: two(most[kind]), note: `head ${name(most)}` };
  });
  return page({
    kicker: `Lyceum · heads · ${weights}`,
    title: model,
    lead: headsVerdict(result),
    facts: [...facts, { label: 'Heads', value: grouped(scores.length), note: `${grouped(layers)} blocks of ${heads}` }, { label: 'Tokens', value: `${grouped(texts)} × ${grouped(length)}`, note: `each twice, seed ${seed}` }], // biome-ignore format: one list
    sections: [{ title: 'Head by head', parts: figures }],
    foot: 'Written by lyceum inspect heads. Layers and heads count from 0. Definitions: arXiv:2209.11895 and arXiv:2211.00593; copying as docs/guide/inspect.md says.',
  });
};
