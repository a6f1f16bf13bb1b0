import { asDocument } from '../../guard/index.ts';
import type { ModelInfo, TextRequest } from '../language-model/index.ts';

/** What is asked of an untrusted document, as a model is asked it: the document first, so that the request is the last that it reads. */
export const guardRequest = (
  { hasChatTemplate }: Pick<ModelInfo, 'hasChatTemplate'>,
  { instruction, document }: { readonly instruction: string; readonly document: string },
): TextRequest => {
  const text = `${asDocument(document)}\n\n${instruction}`;
  return hasChatTemplate ? { messages: [{ role: 'user', content: text }] } : { prompt: `${text}\n` };
};
