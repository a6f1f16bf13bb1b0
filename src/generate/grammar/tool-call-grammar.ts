import { ConfigError } from '../../core/index.ts';
import { byteTable } from './byte-table.ts';
import { type Grammar, grammarBuilder } from './grammar.ts';
import { jsonGrammar } from './json-grammar.ts';
import { patternAutomaton } from './pattern-automaton.ts';
import type { Terminal } from './terminal.ts';
import { openWork } from './work.ts';

/** A function that an answer may call. */
export interface CallableFunction {
  /** Letters, digits, _ and -. */
  readonly name: string;
  /** JSON Schema of an object; without it the function takes nothing. */
  readonly parameters?: unknown;
}

/** How an answer calls functions. Plain data. */
export interface ToolCallRule {
  readonly functions: readonly CallableFunction[];
  /** The answer is nothing but calls; else there may be none. */
  readonly required: boolean;
  /** There may be several calls. */
  readonly parallel: boolean;
}

export const [callBegin, callEnd] = ['<tool_call>', '</tool_call>'];

/**
 * Answers that call functions as models of the Hermes and Qwen families write it, `<tool_call>` before `{"name": …, "arguments": …}` and `</tool_call>` after it: every call is whole, names one of the functions and
 * has arguments that fit its parameters (as far as `jsonGrammar` has it). Where no call is required there may be text before them that has no `<tool_call>` in it, or with `instead` a document of that grammar in
 * their place.
 *
 * @throws ConfigError naming the function, for no functions, for parameters that cannot be honoured or are not those of an object
 */
export const toolCallGrammar = ({ functions, required, parallel }: ToolCallRule, instead?: Grammar): Grammar => {
  if (functions.length === 0) throw new ConfigError('calls: expected at least one function, got none; name one, or leave calls out');
  const builder = grammarBuilder('calls');
  const called = functions.map((one) =>
    builder.sequence(builder.literals([`${callBegin}\n{"name": ${JSON.stringify(one.name)}, "arguments": `]), builder.include(argumentsOf(one))),
  );
  const call = builder.sequence(builder.choice(...called), builder.literals([`}\n${callEnd}`]));
  const more = builder.repeat(builder.sequence(builder.literals(['\n']), call), 0, Number.POSITIVE_INFINITY);
  const calls = parallel ? builder.sequence(call, more) : call;
  if (required) return builder.grammar(calls);
  if (instead) return builder.grammar(builder.choice(builder.include(instead), calls));
  return builder.grammar(builder.sequence(builder.choice(builder.empty, builder.terminal(plainText())), builder.choice(builder.empty, calls)));
};

const argumentsOf = ({ name, parameters = { properties: {}, additionalProperties: false } }: CallableFunction): Grammar => {
  const { type = 'object' } = (parameters ?? {}) as { type?: unknown };
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters) || type !== 'object')
    throw new ConfigError(`calls ${name}: expected parameters of type object, got ${JSON.stringify(type)}; describe an object`);
  try {
    return jsonGrammar({ ...parameters, type });
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`calls ${name}: ${error.message}`);
    throw error;
  }
};

let text: Terminal | undefined;

/** Any text without the beginning of a call. */
const plainText = (): Terminal => {
  const work = openWork('text');
  text ??= byteTable(patternAutomaton(`(?![\\s\\S]*${callBegin})[\\s\\S]+`, { search: false, work }), { asJson: false, work });
  return text;
};
