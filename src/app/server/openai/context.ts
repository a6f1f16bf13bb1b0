import type { Hono } from 'hono';
import type { Embedder } from '../../embed.ts';
import type { LanguageModel, ModelLoad } from '../../language-model/index.ts';
import type { Admission, Ticket } from './admission.ts';
import type { FairQueue } from './fair-queue.ts';
import type { ServingMetrics } from './serving-metrics.ts';

export interface ServingLimits {
  /** Of one request. */
  readonly bodyBytes: number;
  /** Of all requests under way. */
  readonly allBodyBytes: number;
  readonly openRequests: number;
  /** Answers that wait for a slot. */
  readonly waiting: number;
  /** From the request to the end of its answer, queue included. */
  readonly answerMs: number;
  /** What a client has not read yet of a stream, beyond what the system's buffers hold. */
  readonly unreadBytes: number;
  /** A stream whose client reads nothing for so long is cut. */
  readonly unreadMs: number;
}

export const defaultServingLimits: ServingLimits = {
  bodyBytes: 2 * 1024 ** 2,
  allBodyBytes: 64 * 1024 ** 2,
  openRequests: 1024,
  waiting: 256,
  answerMs: 600_000,
  unreadBytes: 1024 ** 2,
  unreadMs: 30_000,
};

export interface ServedEmbedder {
  /** What clients call it. */
  readonly name: string;
  /** Opened with the first request that needs it. */
  open(): Promise<Pick<Embedder, 'width' | 'embed' | 'countTokens'>>;
}

export interface Serving {
  readonly model: LanguageModel;
  readonly embedder: ServedEmbedder | undefined;
  readonly limits: ServingLimits;
  /** Requests may say what the model's guard does with them. */
  readonly guardChoice: boolean;
  readonly admission: Admission;
  readonly queue: FairQueue;
  readonly embeddings: FairQueue;
  readonly metrics: ServingMetrics;
  /** Asks the model how busy it is, and waits for its answer a moment only. */
  load(): Promise<ModelLoad | undefined>;
  /** Unix time in seconds. */
  readonly startedAt: number;
  /** Aborted when answers under way are cut. */
  readonly cut: AbortSignal;
  readonly state: () => 'ready' | 'draining' | 'lost';
  /** Told of every error from below. */
  failed(error: unknown): void;
}

export interface ServingEnv {
  Variables: { ticket: Ticket };
  /** Of the socket; empty without one. */
  Bindings: { incoming?: { socket?: { remoteAddress?: string } }; outgoing?: { destroy(): void } };
}
export type ServingApp = Hono<ServingEnv>;
/** Adds one route. */
export type ServingRoute = (app: ServingApp, serving: Serving) => void;
