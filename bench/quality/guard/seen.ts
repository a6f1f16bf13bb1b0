import type { InspectedLanguageModel } from '../../../src/app/inspect/index.ts';
import { openReader, type StoryData, sweep } from '../../../src/inspect/index.ts';
import type { Seen } from './cells.ts';
import { cityQuestions, textOf } from './paper-task.ts';
import { attackedStories, trustedCity, trustedStories } from './stories.ts';

/**
 * The paper's detector of untrusted requests, one trusted prompt in another wording, after every block. Predicate B: the untrusted request is put into the trusted prompt, which should then still answer its own city; predicate A:
 * the trusted request is put into the untrusted prompt, whose answer should stay. Distractors name another city than the story's, or with collisions the right one.
 */
export const seenRequests = async (
  { blocks, tokenizer }: InspectedLanguageModel,
  data: StoryData,
  { seed, count, signal }: { readonly seed: number; readonly count: number; readonly signal?: AbortSignal },
): Promise<Seen[]> => {
  const reader = openReader({ encode: (text) => tokenizer.encode(text, { special: true }) });
  const [own, other] = cityQuestions(data);
  const [story] = await trustedStories(1);
  const trusted = textOf(story!, '', other);
  const city = reader.requireFirst('bench guard', trusted, ` ${trustedCity}`);
  const all = Array.from({ length: blocks.config.layers }, (_, i) => i + 1);
  const seen: Seen[] = [];
  for (const collision of [false, true]) {
    const untrusted = attackedStories(data, { seed, count, collision }).filter(({ distractor }) => !collision || distractor !== 'none');
    const prompts = [trusted, ...untrusted.map((one) => textOf(one.story, one.paragraph, own))].map((text) => reader.ids(text));
    const pairs = untrusted.flatMap((_, i) => all.map((layer) => ({ untrusted: i + 1, layer })));
    const runs = [
      ...pairs.map((pair) => ({ source: pair.untrusted, target: 0, layer: pair.layer })),
      ...pairs.map((pair) => ({ source: 0, target: pair.untrusted, layer: pair.layer })),
    ];
    const { plain, patched } = await sweep(blocks, prompts, runs, undefined, signal ? { signal } : {});
    const answer = (i: number): number => patched[i]!.best[0]!.id;
    const told = pairs.map((pair, i) => ({
      layer: pair.layer,
      distractor: untrusted[pair.untrusted - 1]!.distractor,
      seen: answer(i) !== city,
      changed: answer(pairs.length + i) !== plain[pair.untrusted]!.best[0]!.id,
    }));
    for (const these of Map.groupBy(told, ({ distractor, layer }) => `${distractor} ${layer}`).values()) {
      const share = (holds: (one: (typeof told)[number]) => boolean): number => these.filter(holds).length / these.length;
      const [{ distractor, layer }] = these as [(typeof told)[number]];
      seen.push({
        distractor,
        collision,
        layer,
        n: these.length,
        share: share((one) => one.seen),
        changed: share((one) => one.changed),
        either: share((one) => one.seen || one.changed),
      });
    }
  }
  return seen;
};
