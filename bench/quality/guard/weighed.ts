import { openEmbedder } from '../../../src/app/embed.ts';
import type { InspectedLanguageModel } from '../../../src/app/inspect/index.ts';
import { cosine } from '../../../src/encode/index.ts';
import { judge, lastTokenWeighed, readDetector, readingWeight } from '../../../src/guard/index.ts';
import { type EncodedPrompt, encodePrompt, openReader, type StoryData } from '../../../src/inspect/index.ts';
import { cityQuestions, firstTokens, type Outcome, outcomesOf, textOf, tokensWithin } from './paper-task.ts';
import { attackedStories } from './stories.ts';

const sharpnesses = [1, 2, 3, 4, 5, 6, 8, 16];

/**
 * The paper's task with attention that is graded instead of cut off: the last token attends to each segment of the document by a factor that falls with the segment's likeness to an instruction (the detector), to the question, and to
 * the stem of the answer. No bound is drawn, so nothing is calibrated; `sharpness` is the power of one less the likeness.
 */
export const weighedAttention = async (
  model: InspectedLanguageModel,
  data: StoryData,
  { seed, count, signal }: { readonly seed: number; readonly count: number; readonly signal?: AbortSignal },
): Promise<Outcome[]> => {
  const { blocks, tokenizer } = model;
  const parts = await model.parts();
  const { layers } = blocks.config;
  const reader = openReader({ encode: (text) => tokenizer.encode(text, { special: true }) });
  const [own] = cityQuestions(data);
  await using encoder = await openEmbedder();
  const tools = { encoder, detector: await readDetector() };
  const [stem] = (await encoder.embed([own.answer_prefix])) as [Float32Array];
  const outcomes: Outcome[] = [];
  let before: EncodedPrompt | undefined;
  for (const one of attackedStories(data, { seed, count })) {
    signal?.throwIfAborted();
    const text = textOf(one.story, one.paragraph, own);
    const wanted = firstTokens(reader, one, text);
    before = await encodePrompt(blocks, [...reader.ids(text)], before);
    const document = one.paragraph === '' ? one.story : `${one.story}\n\n${one.paragraph}`;
    const { segments } = await judge(tools, document, own.question);
    const vectors = await encoder.embed(segments.map((segment) => segment.text));
    const begin = text.indexOf(document);
    const { ends } = tokenizer.encodeWithOffsets(text, { special: true });
    const variants = [{ arm: 'off', layer: 0, stream: before.last[layers]! }];
    for (const sharpness of sharpnesses) {
      const spans = segments.map((segment, i) => ({
        ...tokensWithin(ends, begin + segment.start, begin + segment.end),
        weight: readingWeight(segment, { likeness: cosine(vectors[i]!, stem), sharpness }),
      }));
      variants.push({ arm: `read by unlikeness, power ${sharpness}`, layer: 0, stream: (await lastTokenWeighed(parts, before, spans))[layers]! });
    }
    outcomes.push(...(await outcomesOf(blocks, one, variants, wanted)));
  }
  return outcomes;
};
