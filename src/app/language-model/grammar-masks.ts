import type { CausalTokenizer } from '../../formats/index.ts';
import { type Grammar, type GrammarMask, jsonGrammar, openTokenMask, type VocabularyTrie, vocabularyTrie } from '../../generate/index.ts';

const mostGrammars = 64;

/** Masks of a model's vocabulary for JSON schemas: the vocabulary is gone through once, a schema read once for as long as it is among those used last. @throws ConfigError where a schema cannot be kept to */
export const grammarMasks = (tokenizer: CausalTokenizer, vocab: number): ((schema: unknown, maxTokens: number) => GrammarMask) => {
  let vocabulary: VocabularyTrie | undefined;
  const grammars = new Map<string, Grammar>();
  return (schema, maxTokens) => {
    const key = JSON.stringify(schema);
    const grammar = grammars.get(key) ?? jsonGrammar(schema);
    grammars.delete(key);
    grammars.set(key, grammar);
    if (grammars.size > mostGrammars) grammars.delete(grammars.keys().next().value!);
    vocabulary ??= vocabularyTrie((id) => tokenizer.tokenBytes(id), vocab);
    const mask = openTokenMask({ grammar, vocabulary, endIds: [...tokenizer.eos] });
    mask.limit(maxTokens);
    return mask;
  };
};
