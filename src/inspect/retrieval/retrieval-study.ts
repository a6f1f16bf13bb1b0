// How a model fetches an answer, component by component, and whether it does the same once its request was moved.
import { ConfigError } from '../../core/index.ts';
import { componentName, type DirectEffects, directEffects, headsAndMlps, type LastRun, type Parts, readLast } from '../components/index.ts';
import { type EncodedPrompt, encodePrompt } from '../encode-prompt.ts';
import { builtinStories, type StoryData } from '../orion/tasks/stories.ts';
import { sweep } from '../sweep.ts';
import { effectsTowards } from './effects-towards.ts';
import { patternsTaken } from './patterns-taken.ts';
import { planStudy, type StudyPrompt } from './plan-study.ts';
import { type RetrievalResult, type RetrievalRun, retrievalRuns } from './retrieval-result.ts';
import { type OffsetEncoder, studyStories } from './study-stories.ts';
import { type MeasuredStory, summariseStudy } from './summarise-study.ts';

export interface RetrievalOptions {
  /** What the source asks for: a variable of the stories. Default `character_name`. */
  readonly source?: string | undefined;
  /** What the target asks for. Default `city`. */
  readonly target?: string | undefined;
  /** Stories, each asked for every variable. Default 50. */
  readonly prompts?: number | undefined;
  /** After how many blocks the source's residual stream is put in the target's place. Default: where the source's request is answered best on the target's text. */
  readonly layer?: number | undefined;
  /** Baseline prompts whose components' outputs are put in the place of a prompt's. Default 5. */
  readonly resamples?: number | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Default: the stories that ship with Lyceum. */
  readonly stories?: StoryData | undefined;
  /** What an earlier run with the same settings had finished: it goes on from there, to the same figures. */
  readonly kept?: StudyKept | undefined;
  /** Called with all that is finished, after the curves and after every story. */
  readonly onKept?: ((kept: StudyKept) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What is finished of a study, as JSON. */
export interface StudyKept {
  readonly curves: RetrievalResult['curves'];
  /** The first of the stories. */
  readonly stories: readonly MeasuredStory[];
}

/**
 * The case study of a retrieval task. On stories that tell of several variables, four runs: the target asks for one variable, the source for another, of another story; the chimera asks the target's story for the source's
 * variable; baseline prompts ask for the others. The source's residual stream at the last token is put in the place of the target's after one block: does the target then do what the chimera does, component by component?
 *
 * Effects are direct ones, by path patching to the logits (`directEffects`); of the patched target, components before the block are those of the source, whose sum was put there. A logit difference is that of the right value
 * less the mean of the story's other values.
 *
 * @throws ConfigError for variables, layers or counts that there are not, and as `makeDataset`
 * Source: A. Variengien and E. Winsor, arXiv:2312.10091. Different: stories of our own; everything is seeded; sources have another value than the target's story, so that outcomes can be told apart; attention rows are replaced
 * row by row and made to sum to one once; overlap compares independent baselines.
 */
export const studyRetrieval = async (
  parts: Parts,
  encoder: OffsetEncoder,
  {
    source = 'character_name',
    target = 'city',
    prompts: count = 50,
    layer,
    resamples = 5,
    seed = 0,
    stories: data = builtinStories(),
    kept = { curves: null, stories: [] },
    onKept,
    signal,
    onProgress,
  }: RetrievalOptions = {},
): Promise<RetrievalResult> => {
  const { layers, heads, hidden } = parts.config;
  const variables = [...new Set(data.questions.map(({ variable }) => variable))];
  checkOptions(variables, { source, target, layer, layers, resamples });
  const stories = studyStories(data, encoder, { count, seed });
  const baselines = variables.filter((variable) => variable !== source && variable !== target);
  const plan = planStudy(stories, { source, baselines, resamples, seed: seed + 1 });
  const sweeps = layer === undefined ? 3 * count : 0;
  const total = count * (variables.length + 2) + sweeps;
  let done = 0;
  const step = (steps = 1): void => {
    done += steps;
    onProgress?.(Math.min(done, total), total);
    signal?.throwIfAborted();
  };

  const runs = new Map<number, Map<string, LastRun>>();
  /** A story's prompts, read when one of them is first needed. */
  const runOf = async ({ story, variable }: StudyPrompt): Promise<LastRun> => {
    if (!runs.has(story)) {
      const own = new Map<string, LastRun>();
      let before: EncodedPrompt | undefined; // of the same story: what comes of it must not hang on where a study began
      for (const [name, ids] of stories[story]!.prompts) {
        before = await encodePrompt(parts.blocks, ids, before);
        own.set(name, await readLast(parts, before));
        step();
      }
      runs.set(story, own);
    }
    return runs.get(story)!.get(variable)!;
  };
  const tokenOf = (story: number, variable: string): number => stories[story]!.values.get(variable)!.token;

  const measured: MeasuredStory[] = [...kept.stories];
  const curves = kept.curves ?? (layer === undefined ? await curvesOf() : null);
  if (kept.curves) step(sweeps);
  else if (curves) await onKept?.({ curves, stories: [...measured] });
  const at = layer ?? curves!.reduce((best, point) => (point.requested > best.requested ? point : best)).layer;

  async function curvesOf() {
    const texts = [...stories.map(({ prompts }) => prompts.get(target)!), ...stories.map(({ prompts }) => prompts.get(source)!)];
    const each = Array.from({ length: layers }, (_, i) =>
      stories.map((_unused, story) => {
        const { partner } = plan[story]!;
        return { source: count + partner, target: story, layer: i + 1, wanted: [tokenOf(story, source), tokenOf(story, target), tokenOf(partner, source)] };
      }),
    ).flat();
    const { patched } = await sweep(parts.blocks, texts, each, undefined, { signal, onProgress: () => step() });
    const mean = (of: number, i: number): number =>
      patched.slice(i * count, (i + 1) * count).reduce((sum, { logprobs }) => sum + Math.exp(logprobs[of]!), 0) / count;
    return Array.from({ length: layers }, (_, i) => ({ layer: i + 1, requested: mean(0, i), own: mean(1, i), sources: mean(2, i) }));
  }

  step(2 * measured.length);
  for (let story = measured.length; story < count; story++) {
    measured.push(await measureStory(story));
    await onKept?.({ curves, stories: [...measured] });
  }
  onProgress?.(total, total);

  async function measureStory(story: number): Promise<MeasuredStory> {
    const { prompts, values, span } = stories[story]!;
    const { partner, first, second } = plan[story]!;
    const chimera = await runOf({ story, variable: source });
    const theirs = await runOf({ story: partner, variable: source });
    const encoded = await encodePrompt(parts.blocks, prompts.get(target)!);
    const taken = (places: readonly number[]) => (block: number, own: Float32Array) => patternsTaken(own, chimera.patterns[block]!, heads, places);
    const whole = Array.from({ length: span[1] - span[0] }, (_, i) => span[0] + i);
    const both = [...new Set([...values.get(source)!.places, ...values.get(target)!.places])];
    const made: Record<RetrievalRun, LastRun> = {
      target: await runOf({ story, variable: target }),
      patched: await readLast(parts, encoded, { from: { layer: at, run: theirs } }),
      patterns: await readLast(parts, encoded, { rows: taken(whole) }),
      valuePatterns: await readLast(parts, encoded, { rows: taken(both) }),
      chimera,
    };
    step();
    const tokens = (of: number): number[] => variables.map((variable) => tokenOf(of, variable));
    const right = { source: variables.indexOf(source), target: variables.indexOf(target) };
    const directions = await parts.directions(tokens(story));
    const effects = async (run: LastRun, others: readonly StudyPrompt[], along = directions): Promise<DirectEffects[]> => {
      const found: DirectEffects[] = [];
      for (const other of others) found.push(await directEffects(parts, run, await runOf(other), along));
      return found;
    };
    const ofTarget = await effects(made.target, first);
    const finals = new Float32Array(hidden * retrievalRuns.length);
    for (const [i, name] of retrievalRuns.entries()) finals.set(made[name].streams[layers]!, i * hidden);
    const scored = await parts.blocks.score(finals, retrievalRuns.map(() => tokens(story)), 1); // biome-ignore format: one call
    const { places, value } = values.get(source)!;
    const found: MeasuredStory = {
      value,
      right,
      logprobs: Object.fromEntries(retrievalRuns.map((name, i) => [name, scored.logprobs[i]!])) as Record<RetrievalRun, readonly number[]>,
      likeliest: Object.fromEntries(retrievalRuns.map((name, i) => [name, scored.best[i]![0]!.id])) as Record<RetrievalRun, number>,
      tokens: tokens(story),
      effects: {
        target: effectsTowards(ofTarget, right.target),
        before: effectsTowards(ofTarget, right.source),
        patched: effectsTowards(await effects(made.patched, first), right.source),
        chimera: effectsTowards(await effects(chimera, first), right.source),
        again: effectsTowards(await effects(chimera, second), right.source),
        source: effectsTowards(await effects(theirs, first, await parts.directions(tokens(partner))), right.source),
      },
      attention: {
        before: attentionOn(made.target, heads, places),
        after: attentionOn(made.patched, heads, places),
        chimera: attentionOn(chimera, heads, places),
      },
      sourceRight: (await likeliestOf(theirs)) === tokenOf(partner, source),
    };
    step();
    return found;
  }

  async function likeliestOf(run: LastRun): Promise<number> {
    return (await parts.blocks.score(run.streams[layers]!, [[]], 1)).best[0]![0]!.id;
  }
  const names = headsAndMlps(parts.config).map((component) => ({ component, name: componentName(component) }));
  return { source, target, layers, heads, prompts: count, resamples, seed, layer: at, curves, ...summariseStudy(measured, names, heads, { seed }) };
};

/** A head's attention summed over places, [layers * heads]. */
const attentionOn = ({ patterns }: LastRun, heads: number, places: readonly number[]): number[] =>
  patterns.flatMap((pattern) => {
    const length = pattern.length / heads;
    return Array.from({ length: heads }, (_, head) => places.reduce((sum, place) => sum + pattern[head * length + place]!, 0));
  });

const checkOptions = (
  variables: readonly string[],
  { source, target, layer, layers, resamples }: { source: string; target: string; layer: number | undefined; layers: number; resamples: number },
): void => {
  for (const name of [source, target])
    if (!variables.includes(name)) throw new ConfigError(`retrieval: expected variables among ${variables.join(', ')}, got ${name}; name another`);
  if (source === target) throw new ConfigError(`retrieval: expected two variables, got ${source} twice; name another`);
  if (variables.length < 3) throw new ConfigError(`retrieval: expected stories of at least three variables, got ${variables.length}; baseline prompts ask for the third`); // biome-ignore format: one message
  if (layer !== undefined && !(Number.isInteger(layer) && layer >= 1 && layer <= layers))
    throw new ConfigError(`retrieval: expected a layer from 1 to ${layers}, got ${layer}`);
  if (!(Number.isInteger(resamples) && resamples >= 1)) throw new ConfigError(`retrieval: expected at least one resample, got ${resamples}`);
};
