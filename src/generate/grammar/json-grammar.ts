import { ConfigError } from '../../core/index.ts';
import { arraysOf } from './array-values.ts';
import { checkGrammar } from './check-grammar.ts';
import { conjunctions } from './conjunction.ts';
import { type Grammar, grammarBuilder } from './grammar.ts';
import { jsonPieces } from './json-pieces.ts';
import { openJsonSchema, type SchemaPart } from './json-schema.ts';
import type { JsonWriter } from './json-writer.ts';
import { listedValues } from './listed-values.ts';
import { numbersOf } from './number-values.ts';
import { objectsOf } from './object-values.ts';
import { stringValues } from './string-values.ts';
import type { Terminal } from './terminal.ts';
import { typesOf } from './value-types.ts';
import { openWork } from './work.ts';

export interface JsonGrammarOptions {
  /** 'compact': none between the pieces. 'limited' (default): one space, or a new line and up to 32 spaces or tabs, wherever JSON allows white space inside an object or a list, but for the place before a colon. */
  readonly whitespace?: 'compact' | 'limited';
}

const everyOption: readonly string[] = ['whitespace'];

/**
 * The JSON texts that fit a schema. All of them do; where a schema leaves something open, not every value that fits is written:
 * - properties come in the order of the schema; where additionalProperties is missing beside properties, it is taken for false
 * - where a type is missing, only those are written that the other keywords speak of
 * - numbers have a bounded length (`numbersOf`), listed values are written as `JSON.stringify` writes them
 * - values nest in one another up to about a hundred levels deep
 * - strings are well-formed Unicode; formats and patterns write no character in two ways
 *
 * oneOf is taken as anyOf: a value may fit several of its schemas. multipleOf is judged by decimal digits (0.3 is a multiple of 0.1), as written. Names of additional properties may repeat.
 *
 * `true` and `{}` stand for any JSON. Annotations (title, description, examples, contentMediaType and the like, all that begins with `x-`) and formats that the draft does not name mean nothing here. What older drafts and OpenAPI write
 * otherwise is read as it is meant: see `inOneSpelling`. Of properties that no schema names only one counts towards minProperties, because their names may repeat.
 *
 * @param schema  JSON Schema 2020-12
 * @throws ConfigError naming the path, for a keyword that cannot be honoured (with what to write instead), a schema that nothing satisfies, a reference that leads nowhere or back to itself, and for what is too large or unfolds to too much
 */
export const jsonGrammar = (schema: unknown, options: JsonGrammarOptions = {}): Grammar => {
  const { whitespace = 'limited' } = options;
  const odd = Object.keys(options).find((key) => !everyOption.includes(key));
  if (odd !== undefined || !['compact', 'limited'].includes(whitespace))
    throw new ConfigError(`grammar: expected whitespace compact or limited, got ${odd ?? JSON.stringify(whitespace)}; choose one`);
  const opened = openJsonSchema(schema);
  const builder = grammarBuilder('schema');
  const work = openWork('schema');
  const pieces = jsonPieces();
  const known = new Map<string, number>();
  const paths = new Map<number, string>();
  const pending: (() => void)[] = [];
  const writer: JsonWriter = {
    builder,
    pieces,
    space: whitespace === 'compact' ? builder.empty : builder.choice(builder.empty, builder.terminal(pieces.space)),
    schema: opened,
    strings: stringValues(work),
    work,
    conjunction: conjunctions(opened),
    value(given) {
      const parts = given.filter(({ never, keywords }) => never || Object.keys(keywords).length > 0);
      const ids = [...new Set(parts.map(({ id }) => id))].sort((a, b) => a - b).join();
      const found = known.get(ids);
      if (found !== undefined) return found;
      const { node, is } = builder.later();
      known.set(ids, node);
      paths.set(node, parts[0]?.path ?? '#');
      pending.push(() => is(writeValue(writer, parts)));
      return node;
    },
  };
  const root = writer.value([opened.root]);
  for (let write = pending.pop(); write; write = pending.pop()) write();
  const grammar = builder.grammar(root);
  checkGrammar(grammar, paths);
  return grammar;
};

/** Any JSON object: what OpenAI calls `json_object`. */
export const jsonObjectGrammar = (options?: JsonGrammarOptions): Grammar => jsonGrammar({ type: 'object' }, options);

const writeValue = (writer: JsonWriter, parts: readonly SchemaPart[]): number => {
  const { builder, pieces, strings } = writer;
  const { plain, choices } = writer.conjunction(parts);
  const [choice, ...later] = choices;
  if (choice) return builder.choice(...choice.branches.map((branch) => writer.value([...plain, branch, ...later.map(({ part }) => part)])));
  if (plain.some(({ never }) => never)) return builder.never;
  const path = plain[0]?.path ?? '#';
  const keywords = plain.map((part) => part.keywords);
  const types = typesOf(keywords);
  const listed = listedValues(plain, types, strings);
  if (listed) return listed.length === 0 ? builder.never : builder.literals(listed.map((value) => JSON.stringify(value)));
  const terminal = (found: Terminal | undefined): number => (found ? builder.terminal(found) : builder.never);
  const nodes: number[] = [];
  if (types.has('object')) nodes.push(objectsOf(writer, plain));
  if (types.has('array')) nodes.push(arraysOf(writer, plain));
  if (types.has('string')) nodes.push(terminal(strings.stringsOf(plain, path)));
  if (types.has('integer')) nodes.push(terminal(numbersOf(keywords, !types.has('number'), path)));
  if (types.has('boolean')) nodes.push(terminal(pieces.boolean));
  if (types.has('null')) nodes.push(terminal(pieces.null));
  return builder.choice(...nodes);
};
