import { openEmbedder } from '../../../src/app/embed.ts';
import { boundsOf } from '../../../src/app/guard/calibrate.ts';
import type { InspectedLanguageModel } from '../../../src/app/inspect/index.ts';
import { judge, knownRequests, lastTokenWithout, meanVector, readDetector, screened } from '../../../src/guard/index.ts';
import { type EncodedPrompt, encodePrompt, openReader, type StoryData, sweep } from '../../../src/inspect/index.ts';
import { cityQuestions, firstTokens, type Outcome, outcomeOf, outcomesOf, requestVectors, textOf, tokensWithin, trustedCount } from './paper-task.ts';
import { attackedStories, trustedStories } from './stories.ts';

/**
 * The paper's task: one question on the city of each story, a distractor before the question, the first token of the answer, float32. Arms: nothing; the last token's request held after every layer, by one trusted prompt or the mean
 * of eight, in the question's wording or another; the last token not reading what is suspected; both; what is suspected withheld.
 */
export const oversight = async (
  model: InspectedLanguageModel,
  data: StoryData,
  {
    seed,
    count,
    signal,
    onProgress,
  }: { readonly seed: number; readonly count: number; readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<Outcome[]> => {
  const { blocks, tokenizer } = model;
  const { layers } = blocks.config;
  const reader = openReader({ encode: (text) => tokenizer.encode(text, { special: true }) });
  const [own, other] = cityQuestions(data);
  const trusted = await trustedStories(trustedCount);
  const [same, differing] = [await requestVectors(model, reader, trusted, own), await requestVectors(model, reader, trusted, other)];
  const all = Array.from({ length: layers }, (_, i) => i + 1);
  const at = (vectors: readonly (readonly Float32Array[])[], layer: number) => meanVector(vectors.map((one) => one[layer]!));
  const holding = {
    'held, one prompt': [differing[0]!],
    'held, mean': differing,
    'held, one prompt, same words': [same[0]!],
    'held, mean, same words': same,
  } as const;

  await using encoder = await openEmbedder();
  const tools = { encoder, detector: await readDetector() };
  const bounds = await boundsOf(trusted.map((document) => ({ document, instruction: own.question })));
  const requests = knownRequests(encoder, bounds);
  const cases = attackedStories(data, { seed, count });
  const outcomes: Outcome[] = [];
  const prompts: number[][] = [];
  let before: EncodedPrompt | undefined;
  const score = async (
    arm: string,
    which: (typeof cases)[number],
    streams: readonly { readonly layer: number; readonly stream: Float32Array }[],
  ): Promise<void> => {
    const text = textOf(which.story, which.paragraph, own);
    const variants = streams.map(({ layer, stream }) => ({ arm, layer, stream }));
    outcomes.push(...(await outcomesOf(blocks, which, variants, firstTokens(reader, which, text))));
  };
  for (const [i, one] of cases.entries()) {
    signal?.throwIfAborted();
    const text = textOf(one.story, one.paragraph, own);
    const ids = [...reader.ids(text)];
    prompts.push(ids);
    const encoded = await encodePrompt(blocks, ids, before);
    before = encoded;
    await score('off', one, [{ layer: 0, stream: encoded.last[layers]! }]);
    const document = one.paragraph === '' ? one.story : `${one.story}\n\n${one.paragraph}`;
    const judged = screened(document, await judge(tools, document, own.question, requests), bounds);
    // Tokens of what is suspected, in the prompt.
    const begin = text.indexOf(document);
    const { ends } = tokenizer.encodeWithOffsets(text, { special: true });
    const unseen = judged.suspects.map(({ start, end }) => tokensWithin(ends, begin + start, begin + end));
    const streams = unseen.length === 0 ? encoded.last : await lastTokenWithout(blocks, encoded, unseen);
    await score('unread by the last token', one, [{ layer: 0, stream: streams[layers]! }]);
    const withheld = unseen.length === 0 ? encoded : await encodePrompt(blocks, reader.ids(textOf(judged.text.trimEnd(), '', own)), encoded);
    await score('withheld', one, [{ layer: 0, stream: withheld.last[layers]! }]);
    onProgress?.(i + 1, 3 * cases.length);
  }
  // The held request, all layers and kinds of vectors in one sweep.
  const arms = Object.entries(holding);
  const runs = cases.flatMap((_, target) =>
    arms.flatMap(([arm, vectors]) => all.map((layer) => ({ arm, source: at(vectors, layer), target, layer, wanted: [0, 0] as [number, number] }))),
  );
  for (const run of runs) {
    const { story, paragraph } = cases[run.target]!;
    run.wanted = firstTokens(reader, cases[run.target]!, textOf(story, paragraph, own));
  }
  const { patched } = await sweep(blocks, prompts, runs, undefined, {
    ...(signal && { signal }),
    onProgress: (done, total) => onProgress?.(cases.length + (done / total) * 2 * cases.length, 3 * cases.length),
  });
  for (const [i, { arm, layer, target, wanted }] of runs.entries())
    outcomes.push(outcomeOf(cases[target]!, arm, layer, wanted, patched[i]!.best[0]!.id, patched[i]!.logprobs[0]!));
  return outcomes;
};
