import type { Span } from '../reading.ts';
import { normaliseName } from './normalise.ts';

/** "full name (SHORT)" in a text. */
export interface Definition extends Span {
  /** Normalised, without a plural s. */
  readonly short: string;
  /** Normalised. */
  readonly full: string;
  /** As written. */
  readonly fullText: string;
}

/**
 * The words before a bracket that a short form abbreviates, or null: every letter of the short form, from its last, is found in the words, the first one at
 * the beginning of a word. Source: Schwartz and Hearst 2003.
 */
export function longForm(short: string, before: string): string | null {
  let at = before.length - 1;
  for (let s = short.length - 1; s >= 0; s--) {
    const letter = short[s]!.toLowerCase();
    if (!/[\p{L}\p{N}]/u.test(letter)) continue;
    while (at >= 0 && (before[at]!.toLowerCase() !== letter || (s === 0 && at > 0 && /[\p{L}\p{N}]/u.test(before[at - 1]!)))) at--;
    if (at < 0) return null;
    at--;
  }
  const full = before.slice(at + 1).trim();
  const words = full.split(/[\s-]+/).length;
  return full.length > short.length && words >= 2 && words <= Math.min(short.length + 5, short.length * 2) && !full.split(/[\s-]+/).includes(short)
    ? full
    : null;
}

/** Whether a name may be an acronym: one word of 2 to 10 characters with at least two capitals. */
export function isAcronym(name: string): boolean {
  return /^[\p{L}\p{N}&/.]{2,10}$/u.test(name) && (name.match(/\p{Lu}/gu)?.length ?? 0) >= 2;
}

/** All definitions of short forms inside the sentences of a text; the first definition of a short form comes first. */
export function findDefinitions(text: string, sentences: readonly Span[]): Definition[] {
  const found: Definition[] = [];
  for (const sentence of sentences) {
    const said = text.slice(sentence.start, sentence.end);
    for (const match of said.matchAll(/\(\s?([^()\s]{2,12})\s?[);,]/g)) {
      const written = match[1]!;
      const short = /\p{Lu}s$/u.test(written) ? written.slice(0, -1) : written;
      if (!isAcronym(short)) continue;
      const before = said.slice(0, match.index).trimEnd();
      const window = before
        .split(/\s+/)
        .slice(-Math.min(short.length + 5, short.length * 2))
        .join(' ');
      const full = longForm(short, window);
      const key = full && normaliseName(full);
      const shortKey = normaliseName(short);
      if (!full || !key || !shortKey || key === shortKey) continue;
      const start = sentence.start + Math.max(0, before.length - full.length);
      found.push({ start, end: sentence.start + match.index + match[0].length, short: shortKey, full: key, fullText: full });
    }
  }
  return found;
}
