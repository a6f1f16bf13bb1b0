import { ConfigError } from '../../core/index.ts';
import { CancelledError, forkService } from '../../runtime/index.ts';
import type { LanguageModelService } from './language-model-child.ts';
import type { LanguageModel, LanguageModelOptions } from './open-language-model.ts';

/** Opens a model in a process of its own: this thread never waits for a computation. As `openLanguageModel` otherwise. @throws EngineError when the process does not start · the signal's reason */
export const openLanguageModelApart = async (
  model: string,
  options: LanguageModelOptions = {},
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<LanguageModel> => {
  if ('edit' in options)
    throw new ConfigError(`${model}: expected a model in a process of its own to have no edit, got one; open it in this process, with loadModel`);
  signal?.throwIfAborted();
  // Every answer has a call that waits for its next piece. What a token leaves behind is small and soon garbage: with much room for it V8 would hold 20 to 40 MB more, and be no faster.
  const child = await forkService<LanguageModelService>('./language-model-child', import.meta.url, { ahead: Number.POSITIVE_INFINITY, youngMb: 4 });
  const close = () => child.kill(new CancelledError('model: this answer was cancelled, its model was closed; open the model again'));
  const stop = (): void => void close();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const info = await child
    .call('open', model, options)
    .catch(async (error: unknown) => {
      await close();
      signal?.throwIfAborted();
      throw error;
    })
    .finally(() => signal?.removeEventListener('abort', stop));
  return {
    info,
    async generate(request, { signal, onPiece } = {}) {
      signal?.throwIfAborted();
      const id = await child.call('begin', request);
      const stop = (): void => void child.call('stop', id).catch(() => {});
      signal?.addEventListener('abort', stop, { once: true });
      if (signal?.aborted) stop();
      try {
        for (;;) {
          const { pieces, result } = await child.call('next', id);
          for (const piece of pieces) onPiece?.(piece);
          if (result) return result;
        }
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    logprobs: (prompt, completion, given = {}) => child.call('logprobs', prompt, completion, given),
    scoreCompletions: (prompt, completions, given = {}) => child.call('scoreCompletions', prompt, completions, given),
    perplexity: (text) => child.call('perplexity', text),
    load: () => child.call('load'),
    [Symbol.asyncDispose]: close,
  };
};
