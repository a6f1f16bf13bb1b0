import type { CausalTokenizer } from '../../formats/index.ts';
import {
  type Grammar,
  type GrammarMask,
  jsonGrammar,
  openTokenMask,
  type ToolCallRule,
  toolCallGrammar,
  type VocabularyTrie,
  vocabularyTrie,
} from '../../generate/index.ts';

const mostGrammars = 64;

/** What an answer is bound to: a JSON Schema, calls, or either. */
export interface AnswerForm {
  readonly schema?: unknown;
  readonly calls?: ToolCallRule;
}

/**
 * Masks of a model's vocabulary for forms of answers: the vocabulary is gone through once, a form read once for as long as it is among those used last.
 *
 * @returns a function that gives no mask where nothing is bound. @throws ConfigError where a schema cannot be kept to
 */
export const grammarMasks = (tokenizer: CausalTokenizer, vocab: number): ((form: AnswerForm, maxTokens: number) => GrammarMask | undefined) => {
  let vocabulary: VocabularyTrie | undefined;
  const grammars = new Map<string, Grammar>();
  return ({ schema, calls }, maxTokens) => {
    if (schema === undefined && calls === undefined) return undefined;
    const key = JSON.stringify([schema, calls]);
    const grammar = grammars.get(key) ?? grammarOf({ schema, ...(calls && { calls }) });
    grammars.delete(key);
    grammars.set(key, grammar);
    if (grammars.size > mostGrammars) grammars.delete(grammars.keys().next().value!);
    vocabulary ??= vocabularyTrie((id) => tokenizer.tokenBytes(id), vocab);
    const mask = openTokenMask({ grammar, vocabulary, endIds: [...tokenizer.eos] });
    mask.limit(maxTokens);
    return mask;
  };
};

const grammarOf = ({ schema, calls }: AnswerForm): Grammar => {
  const document = schema === undefined || calls?.required ? undefined : jsonGrammar(schema);
  return calls ? toolCallGrammar(calls, document) : document!;
};
