import { ConfigError } from '../../core/index.ts';
import { byteTable } from './byte-table.ts';
import { freeText } from './free-text.ts';
import { jsonPieces } from './json-pieces.ts';
import { pointerTo, type SchemaPart } from './json-schema.ts';
import { patternAutomaton } from './pattern-automaton.ts';
import { formatAutomaton, formatTerminal, stringFormats } from './string-formats.ts';
import type { Terminal } from './terminal.ts';
import { acceptsAnything, acceptsText, bothTexts, type TextAutomaton, textsOfLength } from './text-automaton.ts';
import type { Work } from './work.ts';

/** Texts that fit all of some schemas: how long they are, and what else is said of them. */
export interface StringFacts {
  readonly least: number;
  readonly most: number;
  /** Without the lengths; undefined where every text will do. */
  readonly automaton: TextAutomaton | undefined;
  /** The format, where it is all that the automaton says. */
  readonly format: string | undefined;
}

export interface StringValues {
  /** @throws ConfigError naming the path, for a pattern or format that cannot be honoured */
  facts(parts: readonly SchemaPart[]): StringFacts;
  /** @returns undefined where there are none */
  stringsOf(parts: readonly SchemaPart[], path: string): Terminal | undefined;
}

/** Remembers patterns: one is often in several places. */
export const stringValues = (work: Work): StringValues => {
  const patterns = new Map<string, TextAutomaton>();
  const patternOf = (source: string, path: string): TextAutomaton => {
    const found = patterns.get(source) ?? patternAutomaton(source, { search: true, work: work.at(`schema ${pointerTo(path, 'pattern')}`) });
    patterns.set(source, found);
    return found;
  };
  const formatOf = (format: string, hasPattern: boolean, path: string): TextAutomaton[] => {
    const found = formatAutomaton(format);
    if (found) return [found];
    if (hasPattern || format !== 'regex') return []; // a format that is none of the draft's means nothing there
    throw new ConfigError(
      `schema ${pointerTo(path, 'format')}: expected a format that a grammar can honour, as ${stringFormats.join(', ')}, got ${JSON.stringify(format)}; write what is wanted as a pattern, or leave it out and check the answer for it`,
    );
  };
  const facts = (parts: readonly SchemaPart[]): StringFacts => {
    const formats = parts.flatMap(({ keywords }) => keywords.format ?? []);
    const hasPattern = parts.some(({ keywords }) => keywords.pattern !== undefined);
    const automata = parts.flatMap(({ keywords, path }) => [
      ...(keywords.format === undefined ? [] : formatOf(keywords.format, hasPattern, path)),
      ...(keywords.pattern === undefined ? [] : [patternOf(keywords.pattern, path)]),
    ]);
    return {
      least: Math.max(0, ...parts.flatMap(({ keywords }) => keywords.minLength ?? [])),
      most: Math.min(Number.POSITIVE_INFINITY, ...parts.flatMap(({ keywords }) => keywords.maxLength ?? [])),
      automaton: automata.length === 0 ? undefined : automata.reduce((a, b) => bothTexts(a, b, work.at(`schema ${parts[0]!.path}`))),
      format: automata.length === 1 ? formats.find((format) => formatAutomaton(format) === automata[0]) : undefined,
    };
  };
  return {
    facts,
    stringsOf(parts, path) {
      const { least, most, automaton, format } = facts(parts);
      if (least > most) return undefined;
      const bounded = least > 0 || most < Number.POSITIVE_INFINITY;
      if (format !== undefined && !bounded) return formatTerminal(format);
      if (!automaton) return bounded ? freeText(least, most) : jsonPieces().string;
      const own = work.at(`schema ${path}`);
      const all = bounded ? bothTexts(automaton, textsOfLength(least, most, own), own) : automaton;
      return acceptsAnything(all) ? byteTable(all, { asJson: true, work: own }) : undefined;
    },
  };
};

/** Whether a text is among them. */
export const stringFits = (text: string, { least, most, automaton }: StringFacts): boolean => {
  const length = Array.from(text).length;
  return length >= least && length <= most && (!automaton || acceptsText(automaton, text));
};
