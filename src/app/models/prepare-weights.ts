import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts';
import { describeModel } from './describe-model.ts';
import type { PulledModel } from './pull-model.ts';

/**
 * Puts a language model's weights into the form that this machine computes with, so that its first answer comes as soon as every later one. What cannot be opened as a language model stays as it is: who opens it is
 * told why.
 */
export const prepareWeights = async (
  { name, kind, path }: Pick<PulledModel, 'name' | 'kind' | 'path'>,
  { signal, onNote = () => {} }: { readonly signal?: AbortSignal; readonly onNote?: (message: string) => void } = {},
): Promise<void> => {
  try {
    if (encoders.has((await describeModel(kind, path)).family ?? '')) return;
    onNote(`${name}: preparing its weights for this machine, which it needs once`);
    await using _ = await openLanguageModelApart(name, {}, signal ? { signal } : {});
  } catch {
    signal?.throwIfAborted();
  }
};

const encoders = new Set(['bert']);
