import type { InspectHeadsScored } from '../state/types.ts';
import { type Head, headName, headOf } from './attention.ts';

export type HeadScore = InspectHeadsScored['scores'][number];
export const headKinds = ['previous', 'duplicate', 'induction', 'copying'] as const;
export type HeadKind = (typeof headKinds)[number];

export const kindWords: Readonly<Record<HeadKind, { readonly name: string; readonly says: string }>> = {
  previous: { name: 'Previous token', says: 'a strong cell is a head that reads the token before the one at hand' },
  duplicate: { name: 'Duplicate token', says: 'a strong cell is a head that reads, from a token that comes a second time, where it came first' },
  induction: {
    name: 'Induction',
    says: 'a strong cell is a head that reads, from a token that comes a second time, what followed it the first time, and so can go on as before',
  },
  copying: { name: 'Copying', says: 'a strong cell is a head that makes what it reads likelier to be said, and in the second colour less likely' },
};

/** A figure from −1 to 1, with two digits. */
export const two = (value: number): string => value.toFixed(2).replace('-', '−');

/** Of one kind, the strongest first. */
export const ranked = ({ scores }: InspectHeadsScored, kind: HeadKind, count: number): HeadScore[] =>
  [...scores].sort((a, b) => b[kind] - a[kind]).slice(0, count);

/** The head of an address, else the strongest induction head. */
export function scoreOf(read: InspectHeadsScored, name: string): HeadScore | null {
  const { layer, head }: Head = headOf(read, name) ?? ranked(read, 'induction', 1)[0] ?? { layer: 0, head: 0 };
  return read.scores.find((score) => score.layer === layer && score.head === head) ?? null;
}

/** Heads counted as being of a kind where they give it half of their attention; copying heads lift a token halfway to the top. */
const mark = 0.5;

/** What a map shows, in a sentence. */
export function kindFinding(read: InspectHeadsScored, kind: HeadKind): string {
  const most = ranked(read, kind, 1)[0];
  if (!most) return kindWords[kind].name;
  const count = read.scores.filter((score) => score[kind] >= mark).length;
  return `${kindWords[kind].name}: most in head ${headName(most)}, ${two(most[kind])}; ${count === 0 ? 'none' : count} of ${read.scores.length} at ${two(mark)} and more`;
}

/** A line a head. */
export const scoresCsv = ({ scores }: InspectHeadsScored): string =>
  [['head', ...headKinds].join(','), ...scores.map((score) => [headName(score), ...headKinds.map((kind) => score[kind].toFixed(4))].join(',')), ''].join('\n');
