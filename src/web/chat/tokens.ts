/** A token that could have stood here: its spelling and the natural logarithm of its probability. */
export type Alternative = readonly [text: string, logprob: number];

/** One token of an answer. */
export interface Token {
  readonly text: string;
  /** Natural logarithm of the probability that the model itself gave it, before temperature and penalties. */
  readonly logprob: number;
  /** The most probable tokens at this place, best first. */
  readonly top: readonly Alternative[];
}

/** A token as it comes from the server: with its bytes where they are known, for it may be half a character. */
export interface ReceivedToken extends Token {
  readonly bytes: Uint8Array | null;
}

/** What is shown at one place of an answer: a token, or the several that make one character. */
export interface Unit {
  readonly text: string;
  readonly tokens: readonly Token[];
}

const plain = ({ text, logprob, top }: ReceivedToken): Token => ({ text, logprob, top });

/** Divides a piece of text among its tokens; the units together give the text again. */
export function unitsOf(text: string, tokens: readonly ReceivedToken[]): Unit[] {
  if (tokens.length <= 1) return text === '' && tokens.length === 0 ? [] : [{ text, tokens: tokens.map(plain) }];
  const units: { text: string; tokens: Token[] }[] = [];
  const decoder = new TextDecoder();
  let waiting: Token[] = [];
  for (const token of tokens) {
    const part = token.bytes ? decoder.decode(token.bytes, { stream: true }) : token.text;
    waiting.push(plain(token));
    if (part === '') continue;
    units.push({ text: part, tokens: waiting });
    waiting = [];
  }
  units.at(-1)?.tokens.push(...waiting);
  // Some tokenizers drop a space at the beginning, which their tokens have.
  return units.map((unit) => unit.text).join('') === text ? units : [{ text, tokens: tokens.map(plain) }];
}

/** What stands at a place; of tokens that write nothing, such as marks of a turn, their names. */
export const spellingOf = ({ text, tokens }: Unit): string => text || tokens.map((token) => token.text).join('');

export const logprobOf = ({ tokens }: Unit): number => tokens.reduce((sum, { logprob }) => sum + logprob, 0);
export const probabilityOf = (unit: Unit): number => Math.exp(logprobOf(unit));

/** Lower bounds of the five steps in which probabilities are shown, most probable first. */
export const steps = [0.9, 0.5, 0.2, 0.05, 0] as const;
export const stepWords = ['≥ 90 %', '50–90 %', '20–50 %', '5–20 %', '< 5 %'] as const;

/** Which step: 0 is the most probable. */
export const stepOf = (probability: number): number => steps.findIndex((bound) => probability >= bound);

/** "87 %", "4.2 %", "0.03 %", "< 0.01 %". */
export function percentOf(probability: number): string {
  const share = probability * 100;
  if (share < 0.01) return '< 0.01 %';
  if (share < 1) return `${share.toFixed(2)} %`;
  return share < 10 || (share > 99 && share < 99.95) ? `${share.toFixed(1)} %` : `${Math.round(share)} %`;
}

const invisible: Readonly<Record<string, string>> = { ' ': '␣', '\n': '↵', '\t': '⇥', '\r': '␍' };

/** A token's spelling with white space that can be seen. */
export const visible = (text: string): string => (text === '' ? '∅' : text.replace(/[ \n\t\r]/g, (letter) => invisible[letter]!));

/** Place of a token among the alternatives, from 1; null where it is not among them. */
export const rankOf = ({ text, logprob, top }: Token): number | null => {
  const place = top.findIndex(([other, its]) => other === text && Math.abs(its - logprob) < 1e-3);
  return place < 0 ? null : place + 1;
};

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A line a token: number, spelling, probability, then the alternatives with theirs. */
export function tokensCsv(units: readonly Unit[]): string {
  const tokens = units.flatMap((unit) => unit.tokens);
  const most = Math.max(0, ...tokens.map(({ top }) => top.length));
  const head = ['number', 'token', 'probability', ...Array.from({ length: most }, (_, i) => `alternative ${i + 1},probability ${i + 1}`)].join(',');
  const rows = tokens.map(({ text, logprob, top }, index) =>
    [index + 1, cell(text), Math.exp(logprob).toPrecision(4), ...top.flatMap(([other, its]) => [cell(other), Math.exp(its).toPrecision(4)])].join(','),
  );
  return [head, ...rows, ''].join('\n');
}
