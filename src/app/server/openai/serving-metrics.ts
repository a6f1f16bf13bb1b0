import type { ModelInfo, ModelLoad } from '../../language-model/index.ts';
import type { FairQueue } from './fair-queue.ts';
import { createMetrics } from './metrics.ts';

export type ServingMetrics = ReturnType<typeof createServingMetrics>;

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export interface Measured {
  readonly info: ModelInfo;
  readonly queue: FairQueue;
  readonly embeddings: FairQueue;
  /** What the model said last. */
  readonly load: () => ModelLoad | undefined;
  readonly openRequests: () => number;
}

/** What `/metrics` shows. */
export const createServingMetrics = ({ info, queue, embeddings, load, openRequests }: Measured) => {
  const metrics = createMetrics();
  const { counter, gauge, histogram } = metrics;
  gauge('lyceum_model_info', 'The model that is served.', () => 1, { model: info.name, family: info.family, weights: info.weights });
  gauge('lyceum_requests_open', 'HTTP requests under way.', openRequests);
  gauge('lyceum_queue_length', 'Answers that wait for a slot.', () => queue.waiting, { queue: 'generate' });
  gauge('lyceum_queue_length', 'Answers that wait for a slot.', () => embeddings.waiting, { queue: 'embed' });
  gauge('lyceum_slots', 'Answers that are computed together at most.', () => queue.slots);
  gauge('lyceum_slots_active', 'Answers that hold a slot.', () => queue.active);
  gauge('lyceum_sequences_active', 'Sequences in the batch of the model.', () => load()?.active);
  gauge('lyceum_cache_bytes', 'Key-value cache of the model.', () => load()?.cacheBytes);
  gauge('lyceum_resident_memory_bytes', 'Resident memory by process.', () => process.memoryUsage.rss(), { process: 'server' });
  gauge('lyceum_resident_memory_bytes', 'Resident memory by process.', () => load()?.memoryBytes, { process: 'model' });
  return {
    print: metrics.print,
    requests: counter('lyceum_requests_total', 'HTTP requests answered, by route and status.'),
    answers: counter('lyceum_answers_total', 'Answers of the model, by how they ended.'),
    promptTokens: counter('lyceum_prompt_tokens_total', 'Tokens of prompts.'),
    cachedTokens: counter('lyceum_cached_prompt_tokens_total', 'Tokens of prompts that were in the cache.'),
    completionTokens: counter('lyceum_completion_tokens_total', 'Tokens generated.'),
    embeddedTexts: counter('lyceum_embedded_texts_total', 'Texts embedded.'),
    queueSeconds: histogram('lyceum_queue_seconds', 'From the request to its slot.', seconds),
    firstTokenSeconds: histogram('lyceum_first_token_seconds', 'From the slot to the first token.', seconds),
    tokenSeconds: histogram('lyceum_token_seconds', 'A token, the first left out: mean of an answer.', seconds),
    answerSeconds: histogram('lyceum_answer_seconds', 'From the request to the end of its answer.', seconds),
    embedSeconds: histogram('lyceum_embed_seconds', 'From the request for vectors to their end.', seconds),
  };
};
