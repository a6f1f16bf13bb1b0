import { gather, input, isParameter, leavesOf, multiplyAxes, type Program, type parameter, reshape } from '../../../core/index.ts';
import { type BertConfig, bert } from '../../../models/index.ts';
import { entityTypes } from '../labels.ts';
import type { ReaderConfig } from '../reader-config.ts';
import { coreferenceScores } from './coreference-scores.ts';
import { relationScores } from './relation-scores.ts';
import { beliefsOf, spanScores, widthTable } from './span-scores.ts';
import { roleOf, spanVectors } from './span-vectors.ts';
import { tileSize } from './tiles.ts';
import { coreferenceInputs, relationInputs, tokenInputs, wordInputs } from './training-graph.ts';
import { wordStates } from './word-states.ts';

/** First call: hidden states and the scores of every span. */
export const spanProgram = (encoder: BertConfig, config: ReaderConfig, { wordDtype = 'float16' }: { wordDtype?: 'float16' | 'float32' } = {}): Program => {
  const { hidden } = bert(encoder, tokenInputs(), { wordDtype });
  const states = wordStates(hidden, wordInputs(config), { by: 'product' });
  return { name: 'reader/spans', outputs: { hidden, sums: states.sums, weights: states.weights, ...spanScores(states, widthTable(config), config) } };
};

/**
 * Second call: what was pruned comes back as cells, each once; scores of relation pairs, and the vectors of mentions. `hidden`, `sums`, `weights` and the span scores are
 * those of the first call.
 */
export const pairProgram = (encoder: BertConfig, config: ReaderConfig): Program => {
  const hidden = input('hidden', ['batch', 'seq', encoder.hidden]);
  const entity = input('entity', ['cells', entityTypes.length]);
  const words = wordInputs(config);
  const states = {
    tokens: reshape(hidden, [multiplyAxes('batch', 'seq'), encoder.hidden]),
    sums: input('sums', [...words.wordFirst.shape, encoder.hidden]),
    weights: input('weights', [...words.wordFirst.shape, 1]),
  };
  const cells = input('spanCells', ['spans'], 'int64');
  const spans = spanVectors(cells, states, words, widthTable(config));
  const beliefs = beliefsOf(entity, cells);
  const mentions = input('mentionSpans', ['mentionSlots'], 'int64');
  const gaps = {
    left: input('gapLeft', ['gaps'], 'int64'),
    right: input('gapRight', ['gaps'], 'int64'),
    distance: input('gapDistance', ['gaps'], 'int64'),
    which: input('relationGaps', ['relationTiles', tileSize, tileSize], 'int64'),
  };
  return {
    name: 'reader/pairs',
    outputs: {
      relations: relationScores(hidden, spans, beliefs, gather(input('relationMention', ['cells']), cells), { ...relationInputs(), gaps }, config),
      mentions: roleOf('coreference.mention', { vectors: gather(spans.vectors, mentions) }, config),
      beliefs: gather(beliefs, mentions),
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
