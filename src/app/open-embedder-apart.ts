import { CancelledError, forkService } from '../runtime/index.ts';
import type { Embedder, EmbedderOptions } from './embed.ts';
import type { EmbedderService } from './embed-child.ts';

/** Opens a sentence encoder in a process of its own: this thread waits for no computation. As `openEmbedder` otherwise. @throws EngineError when the process does not start */
export const openEmbedderApart = async (options: Omit<EmbedderOptions, 'engine'> = {}): Promise<Embedder> => {
  const child = await forkService<EmbedderService>('./embed-child', import.meta.url);
  const close = () => child.kill(new CancelledError('embed: these vectors were cancelled, their encoder was closed; open another'));
  const width = await child.call('open', options).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    width,
    embed: (texts) => child.call('embed', texts),
    countTokens: (texts) => child.call('countTokens', texts),
    [Symbol.asyncDispose]: close,
  };
};
