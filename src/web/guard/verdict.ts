import type { GuardVerdict } from '../chat/ask-model.ts';
import type { GuardScanned } from '../state/types.ts';
import { counted, number } from '../state/words.ts';

type Sentence = GuardScanned['segments'][number];

export const policies = ['guarded', 'flagged', 'refused'] as const;
export type Policy = (typeof policies)[number];

/** What happens to a request whose document is suspected, in a few words. */
export const policyWords: Readonly<Record<Policy, string>> = {
  guarded: 'withhold what is suspected',
  flagged: 'answer from all, and say so',
  refused: 'do not answer',
};

/** "withheld 2 sentences", "flagged", "refused", "nothing suspected". */
export function verdictWords({ flagged, refused, withheld }: GuardVerdict): string {
  if (refused) return 'refused';
  if (!flagged) return 'nothing suspected';
  return withheld.length > 0 ? `withheld ${counted(withheld.length, 'sentence')}` : 'flagged';
}

/** What became of an answer, in a sentence. */
export function verdictSentence(verdict: GuardVerdict, policy: Policy): string {
  const { flagged, refused, withheld } = verdict;
  if (refused) return 'The model was not asked.';
  if (!flagged) return 'Nothing in the document is suspected: the model read all of it.';
  if (withheld.length > 0)
    return `The model did not read ${withheld.length === 1 ? 'the sentence that is' : `the ${number(withheld.length)} sentences that are`} crossed out.`;
  return policy === 'flagged'
    ? 'The model read all of it, what is suspected too.'
    : 'No sentence is suspected, but what the model took to be asked is not what is asked.';
}

/** Of a guard that looks at what the model holds: from which distance on it flags, and after how many blocks it holds the request. */
export interface Watch {
  readonly apart: number | null;
  readonly held: number | null;
}

/** The figures of a verdict: "score 0.98", how far the request is from the trusted one, and whether that was put in its place. */
export function verdictFigures({ score, distance, refused }: GuardVerdict, { apart, held }: Watch, policy: Policy): string {
  const far =
    distance === undefined ? [] : [`request ${distance.toFixed(3)} from the trusted one${apart === null ? '' : `, flagged from ${apart.toFixed(3)}`}`];
  const isHeld = held !== null && policy === 'guarded' && !refused && distance !== undefined;
  return [`score ${score.toFixed(2)}`, ...far, ...(isHeld ? [`held after block ${held}`] : [])].join(' · ');
}

const same = (one: string, other: string): boolean => one.trim() === other.trim();

/** What came of it, as a heading. */
export function finding(verdict: GuardVerdict, { off, on }: { readonly off: string; readonly on: string }): string {
  if (verdict.refused) return 'The guard refused';
  if (!verdict.flagged) return 'Nothing suspected'; // answers to the same words may still differ in a last digit, and so in a word
  const answers = same(off, on) ? 'both answers are the same' : 'the answers differ';
  const words = verdictWords(verdict);
  return `${words[0]!.toUpperCase()}${words.slice(1)}: ${answers}`;
}

/** The place of the sentence to be told of: the one that is named, else the likeliest to be injected, one that is suspected first. */
export function shownSentence({ segments }: Pick<GuardScanned, 'segments'>, named: number | null): number {
  if (named !== null && segments[named]) return named;
  const weight = ({ injected, suspected }: Sentence): number => injected + (suspected ? 1 : 0);
  return segments.reduce((best, sentence, at) => (weight(sentence) > weight(segments[best]!) ? at : best), 0);
}

/** The document in order: sentences by their place, and what stands between them. */
export function piecesOf(document: string, { segments }: Pick<GuardScanned, 'segments'>): (string | number)[] {
  const pieces: (string | number)[] = [];
  let from = 0;
  for (const [at, { start, end }] of segments.entries()) {
    if (start > from) pieces.push(document.slice(from, start));
    pieces.push(at);
    from = end;
  }
  if (from < document.length) pieces.push(document.slice(from));
  return pieces;
}

/** As a model is asked: the document between marks, then what is asked; a model that knows no turns goes on behind a line's end. */
export const askedText = (document: string, question: string, chats: boolean): string =>
  `<document>\n${document}\n</document>\n\n${question}${chats ? '' : '\n'}`;

/** "99.8 %", in words where it is next to nothing. */
export const shareWords = (share: number): string => (share < 0.001 ? 'below 0.1 %' : `${(share * 100).toFixed(share > 0.99 || share < 0.1 ? 1 : 0)} %`);

/** Why a sentence is suspected, as short as a figure: "99 %" likely to be injected, else "like the question, 0.66". */
export const reasonOf = ({ injected, restated }: Pick<Sentence, 'injected' | 'restated'>, bound: number): string =>
  injected >= bound ? shareWords(injected) : `like the question, ${restated.toFixed(2)}`;
