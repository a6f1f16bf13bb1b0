import type { InspectAttentionRead } from '../state/types.ts';
import { percent } from '../state/words.ts';

export interface Head {
  readonly layer: number;
  readonly head: number;
}
type Rows = InspectAttentionRead['patterns'][number]['rows'];

/** The head of an address such as "18.6", layer and head from 0; null where there is none. */
export function headOf({ layers, heads }: Pick<InspectAttentionRead, 'layers' | 'heads'>, name: string): Head | null {
  const match = /^(\d{1,4})\.(\d{1,4})$/.exec(name);
  if (!match) return null;
  const found = { layer: Number(match[1]), head: Number(match[2]) };
  return found.layer < layers && found.head < heads ? found : null;
}
export const headName = ({ layer, head }: Head): string => `${layer}.${head}`;

/** How much the last token's attention is drawn to one token from afar: the first, where heads rest that look for nothing, and the two last do not count. */
export const drawnTo = ({ tokens }: InspectAttentionRead, { reads }: InspectAttentionRead['last'][number]): number =>
  reads.find(({ place }) => place > 0 && place < tokens.length - 2)?.weight ?? 0;

/** The head to show first: the one whose attention is drawn most to one token from afar. */
export function firstHead(read: InspectAttentionRead): Head | null {
  return read.last.reduce<InspectAttentionRead['last'][number] | null>((best, one) => (best && drawnTo(read, best) >= drawnTo(read, one) ? best : one), null);
}

/** So many heads and layers on, as far as there are any. */
export function headMoved({ layers, heads }: InspectAttentionRead, { layer, head }: Head, down: number, right: number): Head {
  const within = (value: number, count: number): number => Math.min(count - 1, Math.max(0, value));
  return { layer: within(layer + down, layers), head: within(head + right, heads) };
}

/** The pattern of a head; null until its block was answered for. */
export const rowsOf = (read: InspectAttentionRead | null, { layer, head }: Head): Rows | null =>
  read?.patterns.find((one) => one.layer === layer && one.head === head)?.rows ?? null;

/** What a token reads, the most first. */
export const readsOf = (rows: Rows, query: number, top: number): { readonly place: number; readonly weight: number }[] =>
  (rows[query] ?? [])
    .map((weight, place) => ({ place, weight }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, top);

/** The place of an address such as "t12"; the last token's where it is none. */
export function tokenOf({ tokens }: InspectAttentionRead, name: string): number {
  const match = /^t(\d{1,6})$/.exec(name);
  return match && Number(match[1]) < tokens.length ? Number(match[1]) : tokens.length - 1;
}

/** What the picture shows, in a sentence. */
export function attentionFinding({ tokens }: InspectAttentionRead, head: Head, rows: Rows, query: number, word: (token: string) => string): string {
  const [most] = readsOf(rows, query, 1);
  if (!most) return `Head ${headName(head)}`;
  const what =
    most.place === query ? 'itself' : `“${word(tokens[most.place]!)}”${most.place === 0 ? ', the first token,' : most.place === query - 1 ? ' before it' : ''}`;
  return `In head ${headName(head)} “${word(tokens[query]!)}” reads ${what} most: ${percent(most.weight)}`;
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A line a token: its attention to every token, empty for those after it. */
export const attentionCsv = ({ tokens }: InspectAttentionRead, rows: Rows): string =>
  [
    ['token', ...tokens.map((token) => cell(token))].join(','),
    ...rows.map((row, query) => [cell(tokens[query]!), ...tokens.map((_, place) => row[place] ?? '')].join(',')),
    '',
  ].join('\n');
