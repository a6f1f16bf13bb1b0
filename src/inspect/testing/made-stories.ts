import type { StoryData } from '../orion/tasks/stories.ts';
import type { OffsetEncoder } from '../retrieval/study-stories.ts';

/** Three variables of two values each, in few words. */
export const madeStories = (): StoryData => ({
  questions: ['who', 'where', 'when'].map((variable) => ({ variable, question: variable, answer_prefix: variable })),
  stories: [0, 1, 2, 3, 4, 5].map((id) => {
    const seed = { who: ['Ann', 'Bob'][id % 2]!, where: ['Rome', 'Oslo'][(id >> 1) % 2]!, when: ['May', 'June'][(id >> 2) % 2]! };
    return {
      id,
      template: 1,
      seed,
      story: id % 3 === 0 ? `${seed.when}: ${seed.who} in ${seed.where}` : `in ${seed.where}, ${seed.who}, ${seed.when}, ${seed.who}`,
    };
  }),
});

/** Words, with the space in front, are tokens; ids in the order in which they come. */
export const madeEncoder = (): OffsetEncoder => {
  const known = new Map<string, number>();
  const encodeWithOffsets = (text: string) => {
    const pieces = [...text.matchAll(/ ?[\p{L}\p{N}]+|[^\p{L}\p{N}]/gu)];
    const ids = pieces.map(([piece]) => {
      const id = known.get(piece) ?? known.size;
      known.set(piece, id);
      return id;
    });
    return { ids, ends: pieces.map(({ 0: piece, index }) => index + piece.length) };
  };
  return { encode: (text) => encodeWithOffsets(text).ids, encodeWithOffsets };
};
