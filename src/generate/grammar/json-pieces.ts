import { byteTable } from './byte-table.ts';
import { freeText } from './free-text.ts';
import { literals } from './literals.ts';
import { patternAutomaton } from './pattern-automaton.ts';
import type { Terminal } from './terminal.ts';
import { openWork } from './work.ts';

const regular = (pattern: string): Terminal =>
  byteTable(patternAutomaton(pattern, { search: false, work: openWork('json') }), { asJson: false, work: openWork('json') });

/** What all JSON is made of. */
export interface JsonPieces {
  readonly null: Terminal;
  readonly boolean: Terminal;
  readonly string: Terminal;
  /** Up to 15 digits before the point and 15 after it, an exponent of up to two. */
  readonly number: Terminal;
  /** Up to 15 digits. */
  readonly integer: Terminal;
  /** One space, or a new line and up to 32 spaces or tabs. */
  readonly space: Terminal;
  readonly openObject: Terminal;
  readonly closeObject: Terminal;
  readonly openArray: Terminal;
  readonly closeArray: Terminal;
  readonly comma: Terminal;
  readonly colon: Terminal;
}

let pieces: JsonPieces | undefined;

/** The same for all grammars, so that they share what was found for them. */
export const jsonPieces = (): JsonPieces => {
  pieces ??= {
    null: literals(['null']),
    boolean: literals(['true', 'false']),
    string: freeText(0, Number.POSITIVE_INFINITY),
    number: regular('-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,15})?(?:[eE][+-]?\\d{1,2})?'),
    integer: regular('0|-?[1-9]\\d{0,14}'),
    space: regular(' |\\n[ \\t]{0,32}'),
    openObject: literals(['{']),
    closeObject: literals(['}']),
    openArray: literals(['[']),
    closeArray: literals([']']),
    comma: literals([',']),
    colon: literals([':']),
  };
  return pieces;
};
