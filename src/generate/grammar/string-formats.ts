import { byteTable } from './byte-table.ts';
import { patternAutomaton } from './pattern-automaton.ts';
import type { Terminal } from './terminal.ts';
import type { TextAutomaton } from './text-automaton.ts';
import { openWork } from './work.ts';

const leapYear = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const day = '(?:0[1-9]|1\\d|2[0-8])';
const date = `(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:${day}|29|30|31)|(?:0[469]|11)-(?:${day}|29|30)|02-${day})|${leapYear}-02-29)`;
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const time = `${clock}:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]${clock})`;
const amount = (unit: string): string => `\\d{1,6}${unit}`;
const chain = (...units: readonly string[]): string =>
  units.map((unit, i) => amount(unit) + units.slice(i + 1).reduceRight((rest, one) => `(?:${amount(one)}${rest})?`, '')).join('|');
const clockTime = `T(?:${chain('H', 'M', 'S')})`;
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,28}[A-Za-z0-9])?';
// No two hyphens in a row: such labels may have to be Punycode.
const plainLabel = '[A-Za-z0-9]{1,14}(?:-[A-Za-z0-9]{1,14}){0,3}';
const word = '[A-Za-z0-9_+-]{1,30}';
const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const group = '[0-9a-fA-F]{1,4}';
const groups = (most: number): string => (most === 0 ? '' : `(?:${group}(?::${group}){0,${most - 1}})?`);
const pathLetter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})";
const queryAndFragment = '(?:\\?[A-Za-z0-9._~&=+-]*)?(?:#[A-Za-z0-9._~-]*)?';
const hex = (count: number): string => `[0-9a-fA-F]{${count}}`;

const uri = `https?://(?:${plainLabel}\\.){0,3}[A-Za-z]{2,20}(?::[1-9]\\d{0,3})?(?:/(?:${pathLetter}|/)*)?${queryAndFragment}`;
const pathReference = `/(?:${pathLetter}(?:${pathLetter}|/)*)?${queryAndFragment}`;
const pointer = '(?:/(?:[A-Za-z0-9_.-]|~[01])*)*';

/** What of each format is generated; all of it is valid, not all that is valid is generated. */
const patterns: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}T${time}`,
  duration: `P(?:${amount('W')}|(?:${chain('Y', 'M', 'D')})(?:${clockTime})?|${clockTime})`,
  hostname: `${label}(?:\\.${label}){0,7}`,
  email: `${word}(?:\\.${word}){0,1}@${label}(?:\\.${label}){0,3}\\.[A-Za-z]{2,20}`,
  ipv4: `${byte}(?:\\.${byte}){3}`,
  ipv6: `${group}(?::${group}){7}|${[0, 1, 2, 3, 4, 5, 6].map((left) => `${left === 0 ? '' : `${group}(?::${group}){${left - 1}}`}::${groups(7 - left)}`).join('|')}`,
  uri,
  iri: uri,
  'uri-reference': `${uri}|${pathReference}`,
  'iri-reference': `${uri}|${pathReference}`,
  'uri-template': `${uri}|${pathReference}`,
  'idn-email': `${word}(?:\\.${word}){0,1}@${plainLabel}(?:\\.${plainLabel}){0,3}\\.[A-Za-z]{2,20}`,
  'idn-hostname': `${plainLabel}(?:\\.${plainLabel}){0,3}`,
  'json-pointer': pointer,
  'relative-json-pointer': `(?:0|[1-9]\\d{0,3})(?:#|${pointer})`,
  uuid: `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`,
};

export const stringFormats: readonly string[] = Object.keys(patterns);
const automata = new Map<string, TextAutomaton>();

const terminals = new Map<string, Terminal>();

/** The texts of a format; undefined where there is no such format. */
export const formatAutomaton = (format: string): TextAutomaton | undefined => {
  if (!Object.hasOwn(patterns, format)) return undefined;
  const found = automata.get(format) ?? patternAutomaton(patterns[format]!, { search: false, work: openWork(`format ${format}`) });
  automata.set(format, found);
  return found;
};

/** The texts of a format that exists, as JSON: one for all grammars. */
export const formatTerminal = (format: string): Terminal => {
  const found = terminals.get(format) ?? byteTable(formatAutomaton(format)!, { asJson: true, work: openWork(`format ${format}`) });
  terminals.set(format, found);
  return found;
};
