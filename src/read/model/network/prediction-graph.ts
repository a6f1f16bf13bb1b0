import { gather, input, isParameter, leavesOf, type Program, type parameter } from '../../../core/index.ts';
import { type BertConfig, bert } from '../../../models/index.ts';
import { entityTypes } from '../labels.ts';
import type { ReaderConfig } from '../reader-config.ts';
import { coreferenceScores } from './coreference-scores.ts';
import { relationScores } from './relation-scores.ts';
import { beliefsOf, spanScores, widthTable } from './span-scores.ts';
import { roleOf, spanVectors } from './span-vectors.ts';
import { coreferenceInputs, relationInputs, tokenInputs, wordInputs } from './training-graph.ts';
import { wordStates } from './word-states.ts';

/** First call: hidden states and the scores of every span. */
export const spanProgram = (encoder: BertConfig, config: ReaderConfig, { wordDtype = 'float16' }: { wordDtype?: 'float16' | 'float32' } = {}): Program => {
  const { hidden } = bert(encoder, tokenInputs(), { wordDtype });
  return { name: 'reader/spans', outputs: { hidden, ...spanScores(wordStates(hidden, wordInputs(config)), widthTable(config), config) } };
};

/** Second call: what was pruned comes back as cells; scores of relation pairs, and the vectors of mentions. `hidden` and the span scores are those of the first call. */
export const pairProgram = (encoder: BertConfig, config: ReaderConfig): Program => {
  const hidden = input('hidden', ['batch', 'seq', encoder.hidden]);
  const entity = input('entity', ['cells', entityTypes.length]);
  const words = wordInputs(config);
  const states = wordStates(hidden, words);
  const table = widthTable(config);
  const relationCells = input('relationCells', ['relationSlots'], 'int64');
  const mentionCells = input('mentionCells', ['mentionSlots'], 'int64');
  return {
    name: 'reader/pairs',
    outputs: {
      relations: relationScores(
        hidden,
        spanVectors(relationCells, states, words, table),
        beliefsOf(entity, relationCells),
        gather(input('relationMention', ['cells']), relationCells),
        relationInputs(),
        config,
      ),
      mentions: roleOf('coreference.mention', spanVectors(mentionCells, states, words, table), config),
      beliefs: beliefsOf(entity, mentionCells),
    },
  };
};

/** Third call, over the mentions of whole documents however many windows they were read in: scores of antecedents. */
export const linkProgram = (config: ReaderConfig): Program => ({
  name: 'reader/links',
  outputs: {
    links: coreferenceScores(
      {
        vectors: input('mentions', ['mentionSlots', config.projection]),
        beliefs: input('beliefs', ['mentionSlots', entityTypes.length + 1]),
        scores: input('mentionScores', ['mentionSlots']),
        strings: input('mentionStrings', ['mentionSlots'], 'int64'),
        lastWords: input('mentionLastWords', ['mentionSlots'], 'int64'),
      },
      coreferenceInputs(),
      config,
    ),
  },
});

/** Every parameter of a reader, the encoder's included. */
export const predictionParameters = (encoder: BertConfig, config: ReaderConfig) => {
  const programs = [spanProgram(encoder, config), pairProgram(encoder, config), linkProgram(config)];
  const found = new Map<string, ReturnType<typeof parameter>>();
  for (const { outputs } of programs) for (const [name, node] of leavesOf(Object.values(outputs)).parameters) if (isParameter(node)) found.set(name, node);
  return [...found.values()];
};
