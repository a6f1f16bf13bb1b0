import { LyceumError } from '../../core/index.ts';
import { type Encoder, makeDataset, type OrionDataset, type OrionTask, type SweepOptions, sweep } from '../../inspect/index.ts';
import { chatText } from '../language-model/text-tools.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

/** How a chat model is asked. */
export interface ChatForm {
  readonly encoder: Encoder;
  wrap(text: string): string;
}

/** What tells whether the chat template helps: other prompts than those that are reported. */
export const choosing = { prompts: 20, seed: 1_000_003 };

/** How a chat model is asked, where it answers more of some other prompts right with its template than without. */
export const chatForm = async (
  model: Pick<InspectedLanguageModel, 'blocks' | 'chatTemplate' | 'tokenizer'>,
  task: OrionTask,
  watch: Pick<SweepOptions, 'signal' | 'onProgress'> = {},
): Promise<ChatForm | undefined> => {
  const { chatTemplate, tokenizer } = model;
  if (chatTemplate === undefined) return undefined;
  const slot = 'TEXTTOASKHERE';
  const around = await chatText({ tokenizer, chatTemplate }, [{ role: 'user', content: slot }]);
  const [before, after, ...more] = around.split(slot) as [string, ...string[]];
  if (after === undefined || more.length > 0) return undefined; // a template that changes what it is given, or says it twice
  const form: ChatForm = { encoder: { encode: (text) => tokenizer.encode(text, { special: false }) }, wrap: (text) => `${before}${text}${after}` };
  const options = { count: choosing.prompts, seed: choosing.seed };
  const right = async (dataset: OrionDataset): Promise<number> => {
    const ids = dataset.prompts.map((prompt) => prompt.ids);
    const { plain } = await sweep(model.blocks, ids, [], undefined, watch);
    return plain.filter(({ best }, i) => best[0]!.id === dataset.prompts[i]!.answerId).length;
  };
  let wrapped: OrionDataset;
  try {
    wrapped = makeDataset(task, form.encoder, { ...options, wrap: form.wrap });
  } catch (error) {
    if (error instanceof LyceumError) return undefined; // an answer cannot begin with a token of its own there
    throw error;
  }
  return (await right(wrapped)) > (await right(makeDataset(task, tokenizer, options))) ? form : undefined;
};
