import type { Conjunction } from './conjunction.ts';
import type { GrammarBuilder } from './grammar.ts';
import type { JsonPieces } from './json-pieces.ts';
import type { JsonSchema, SchemaPart } from './json-schema.ts';
import type { StringValues } from './string-values.ts';
import type { Work } from './work.ts';

/** What the nodes of a grammar are written with. */
export interface JsonWriter {
  readonly builder: GrammarBuilder;
  readonly pieces: JsonPieces;
  /** The white space that may stand between pieces. */
  readonly space: number;
  readonly schema: JsonSchema;
  readonly strings: StringValues;
  readonly work: Work;
  readonly conjunction: (parts: readonly SchemaPart[]) => Conjunction;
  /** A value that fits all of some schemas. */
  value(parts: readonly SchemaPart[]): number;
}
