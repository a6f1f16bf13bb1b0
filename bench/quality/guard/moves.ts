import type { InspectedLanguageModel } from '../../../src/app/inspect/index.ts';
import { type HeldAt, lastTokenHeld, meanVector, movedPartly, movedWholly, movedWithin, type RequestMove, requestSubspace } from '../../../src/guard/index.ts';
import { type EncodedPrompt, encodePrompt, openReader, type StoryData } from '../../../src/inspect/index.ts';
import { cityQuestions, firstTokens, type Outcome, outcomesOf, requestVectors, textOf, trustedCount } from './paper-task.ts';
import { attackedStories, trustedStories } from './stories.ts';

interface Arm {
  readonly arm: string;
  /** What is done to the vector after so many blocks. */
  readonly move: (layer: number) => RequestMove;
  /** In how many blocks, from one on. */
  readonly blocks: number;
}

const few = 4; // directions: between five kinds of questions there are as many
const window = 4; // blocks

/**
 * The paper's task with moves of less than the whole vector: of the last token's vector only what lies in the subspace of requests is the trusted one's, or the vector goes half the way, after one block or several, from every block on.
 * Requests are the questions of the original collection, five kinds in three wordings, each asked of eight trusted stories.
 */
export const requestMoves = async (
  model: InspectedLanguageModel,
  data: StoryData,
  { seed, count, signal }: { readonly seed: number; readonly count: number; readonly signal?: AbortSignal },
): Promise<Outcome[]> => {
  const { blocks, tokenizer } = model;
  const { layers } = blocks.config;
  const reader = openReader({ encode: (text) => tokenizer.encode(text, { special: true }) });
  const [own, other] = cityQuestions(data);
  const stories = await trustedStories(trustedCount);
  const asked = new Map<(typeof data.questions)[number], readonly (readonly Float32Array[])[]>();
  for (const question of data.questions) {
    signal?.throwIfAborted();
    asked.set(question, await requestVectors(model, reader, stories, question));
  }
  const all = Array.from({ length: layers }, (_, i) => i + 1);
  const meanAfter = (question: (typeof data.questions)[number], layer: number): Float32Array => meanVector(asked.get(question)!.map((one) => one[layer]!));
  const subspaces = new Map(all.map((layer) => [layer, requestSubspace(data.questions.map((question) => meanAfter(question, layer)), data.questions.length)])); // biome-ignore format: one call
  const [same, differing] = [own, other].map((question) => new Map(all.map((layer) => [layer, meanAfter(question, layer)]))) as [
    Map<number, Float32Array>,
    Map<number, Float32Array>,
  ];
  const within =
    (rank: number, trusted: Map<number, Float32Array>) =>
    (layer: number): RequestMove =>
      movedWithin(subspaces.get(layer)!.slice(0, rank), trusted.get(layer)!);
  const whole = data.questions.length - 1;
  const half = (layer: number): RequestMove => movedPartly(0.5, movedWholly(same.get(layer)!));
  const arms: Arm[] = [
    { arm: `${few} directions`, move: within(few, differing), blocks: 1 },
    { arm: `${whole} directions`, move: within(whole, differing), blocks: 1 },
    { arm: `${few} directions, same words`, move: within(few, same), blocks: 1 },
    { arm: `${whole} directions, same words`, move: within(whole, same), blocks: 1 },
    { arm: `${few} directions, ${window} blocks, same words`, move: within(few, same), blocks: window },
    { arm: `${whole} directions, ${window} blocks, same words`, move: within(whole, same), blocks: window },
    { arm: `${few} directions, all blocks from there, same words`, move: within(few, same), blocks: layers },
    { arm: `${whole} directions, all blocks from there, same words`, move: within(whole, same), blocks: layers },
    { arm: 'half way, same words', move: half, blocks: 1 },
    { arm: `half way, ${window} blocks, same words`, move: half, blocks: window },
  ];
  const variants = arms.flatMap(({ arm, move, blocks: many }) =>
    all.map((layer) => ({
      arm,
      layer,
      moves: all.slice(layer - 1, layer - 1 + many).map((at): HeldAt => ({ layer: at, move: move(at) })),
    })),
  );
  const outcomes: Outcome[] = [];
  let before: EncodedPrompt | undefined;
  for (const one of attackedStories(data, { seed, count })) {
    signal?.throwIfAborted();
    const text = textOf(one.story, one.paragraph, own);
    const wanted = firstTokens(reader, one, text);
    before = await encodePrompt(blocks, [...reader.ids(text)], before);
    const held = await lastTokenHeld(blocks, before, variants.map(({ moves }) => moves)); // biome-ignore format: one call
    const moved = variants.map(({ arm, layer }, i) => ({ arm, layer, stream: held[i]! }));
    outcomes.push(...(await outcomesOf(blocks, one, [{ arm: 'off', layer: 0, stream: before.last[layers]! }, ...moved], wanted)));
  }
  return outcomes;
};
