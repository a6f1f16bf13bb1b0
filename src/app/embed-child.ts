// Entry point of a sentence encoder's process.
import { serveParent } from '../runtime/index.ts';
import { type Embedder, type EmbedderOptions, openEmbedder } from './embed.ts';

let embedder: Embedder;

const service = {
  async open(options: Omit<EmbedderOptions, 'engine'>): Promise<number> {
    embedder = await openEmbedder(options);
    return embedder.width;
  },
  embed: (texts: readonly string[]): Promise<Float32Array[]> => embedder.embed(texts),
  countTokens: (texts: readonly string[]): Promise<number> => embedder.countTokens(texts),
};
export type EmbedderService = typeof service;

serveParent(service);
