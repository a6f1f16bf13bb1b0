import { answerOf, type ConversationSample, promptOf, type Sample } from '../../adapt/index.ts';
import type { ChatMessage } from '../../formats/index.ts';

const shown = 4;

/**
 * Prompts with examples before them: for each question the training samples that are most like it, the likest last, as turns of the conversation.
 *
 * @param embed  vectors of length 1 of texts
 * @returns      the messages of a sample
 */
export const withExamples = async (
  training: readonly Sample[],
  asked: readonly ConversationSample[],
  embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>,
): Promise<(sample: ConversationSample) => readonly ChatMessage[]> => {
  const usable = training.filter((sample): sample is ConversationSample => sample.shape === 'chat' || sample.shape === 'instruction');
  const vectors = await embed(usable.map(promptOf));
  const questions = await embed(asked.map(promptOf));
  const likeness = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, d) => sum + value * b[d]!, 0);
  const found = new Map(
    asked.map((sample, i) => {
      const order = usable.map((_, at) => at).sort((a, b) => likeness(vectors[b]!, questions[i]!) - likeness(vectors[a]!, questions[i]!) || a - b);
      const examples = order
        .slice(0, shown)
        .reverse()
        .map((at) => usable[at]!);
      const turns = examples.flatMap((one) => [
        { role: 'user', content: promptOf(one) },
        { role: 'assistant', content: answerOf(one) },
      ]);
      return [sample.id, [...turns, ...sample.turns.slice(0, -1).map(({ role, content }) => ({ role, content }))]] as const;
    }),
  );
  return (sample) => found.get(sample.id)!;
};
