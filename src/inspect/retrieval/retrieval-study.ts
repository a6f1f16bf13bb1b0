// How a model fetches an answer, component by component, and whether it does the same once its request was moved.
import { ConfigError } from '../../core/index.ts';
import { componentName, type DirectEffects, directEffects, headsAndMlps, type LastRun, type Parts, readLast } from '../components/index.ts';
import { type EncodedPrompt, encodePrompt } from '../encode-prompt.ts';
import { type Draw, openDraw } from '../orion/draw.ts';
import { builtinStories, type StoryData } from '../orion/tasks/stories.ts';
import { sweep } from '../sweep.ts';
import { patternsTaken } from './patterns-taken.ts';
import { type RetrievalResult, type RetrievalRun, retrievalRuns } from './retrieval-result.ts';
import { type OffsetEncoder, type StudyStory, studyStories } from './study-stories.ts';
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
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
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
    signal,
    onProgress,
  }: RetrievalOptions = {},
): Promise<RetrievalResult> => {
  const { layers, heads, hidden } = parts.config;
  const variables = [...new Set(data.questions.map(({ variable }) => variable))];
  checkOptions(variables, { source, target, layer, layers, resamples });
  const stories = studyStories(data, encoder, { count, seed });
  const draw = openDraw(seed + 1);
  const partners = partnersOf(stories, source, draw);
  const total = count * (variables.length + 2 + (layer === undefined ? 3 : 0));
  let done = 0;
  const step = (steps = 1): void => {
    done += steps;
    onProgress?.(Math.min(done, total), total);
    signal?.throwIfAborted();
  };

  const runs: Map<string, LastRun>[] = [];
  let before: EncodedPrompt | undefined;
  for (const { prompts } of stories) {
    const own = new Map<string, LastRun>();
    for (const [variable, ids] of prompts) {
      before = await encodePrompt(parts.blocks, ids, before);
      own.set(variable, await readLast(parts, before));
      step();
    }
    runs.push(own);
  }
  const toldOf = (story: number, variable: string) => stories[story]!.values.get(variable)!;

  const curves = layer === undefined ? await curvesOf() : null;
  const at = layer ?? curves!.reduce((best, point) => (point.requested > best.requested ? point : best)).layer;

  async function curvesOf() {
    const texts = [...stories.map(({ prompts }) => prompts.get(target)!), ...stories.map(({ prompts }) => prompts.get(source)!)];
    const each = Array.from({ length: layers }, (_, i) =>
      stories.map((_, story) => ({
        source: count + partners[story]!,
        target: story,
        layer: i + 1,
        wanted: [toldOf(story, source).token, toldOf(story, target).token, toldOf(partners[story]!, source).token],
      })),
    ).flat();
    const { patched } = await sweep(parts.blocks, texts, each, undefined, { signal, onProgress: () => step() });
    const mean = (of: number, i: number): number =>
      patched.slice(i * count, (i + 1) * count).reduce((sum, { logprobs }) => sum + Math.exp(logprobs[of]!), 0) / count;
    return Array.from({ length: layers }, (_, i) => ({ layer: i + 1, requested: mean(0, i), own: mean(1, i), sources: mean(2, i) }));
  }

  const baselines = variables.filter((variable) => variable !== source && variable !== target);
  const drawn = (): LastRun[] => Array.from({ length: resamples }, () => runs[draw.index(count)]!.get(draw.pick(baselines))!);
  const measured: MeasuredStory[] = [];
  for (const [story, { prompts, values, span }] of stories.entries()) {
    before = await encodePrompt(parts.blocks, prompts.get(target)!, before);
    const chimera = runs[story]!.get(source)!;
    const partner = partners[story]!;
    const taken = (places: readonly number[]) => (block: number, own: Float32Array) => patternsTaken(own, chimera.patterns[block]!, heads, places);
    const whole = Array.from({ length: span[1] - span[0] }, (_, i) => span[0] + i);
    const both = [...new Set([...values.get(source)!.places, ...values.get(target)!.places])];
    const made: Record<RetrievalRun, LastRun> = {
      target: runs[story]!.get(target)!,
      patched: await readLast(parts, before, { from: { layer: at, run: runs[partner]!.get(source)! } }),
      patterns: await readLast(parts, before, { rows: taken(whole) }),
      valuePatterns: await readLast(parts, before, { rows: taken(both) }),
      chimera,
    };
    step();
    const tokens = (of: StudyStory): number[] => variables.map((variable) => of.values.get(variable)!.token);
    const directions = await parts.directions(tokens(stories[story]!));
    const [first, second] = [drawn(), drawn()];
    const effects = async (run: LastRun, others: readonly LastRun[], along = directions): Promise<DirectEffects[]> => {
      const found: DirectEffects[] = [];
      for (const other of others) found.push(await directEffects(parts, run, other, along));
      return found;
    };
    const theirs = await parts.directions(tokens(stories[partner]!));
    const finals = new Float32Array(hidden * retrievalRuns.length);
    for (const [i, name] of retrievalRuns.entries()) finals.set(made[name].streams[layers]!, i * hidden);
    const scored = await parts.blocks.score(finals, retrievalRuns.map(() => tokens(stories[story]!)), 1); // biome-ignore format: one call
    measured.push({
      variables,
      right: { source: variables.indexOf(source), target: variables.indexOf(target) },
      logprobs: Object.fromEntries(retrievalRuns.map((name, i) => [name, scored.logprobs[i]!])) as Record<RetrievalRun, readonly number[]>,
      likeliest: Object.fromEntries(retrievalRuns.map((name, i) => [name, scored.best[i]![0]!.id])) as Record<RetrievalRun, number>,
      tokens: tokens(stories[story]!),
      effects: {
        target: await effects(made.target, first),
        patched: await effects(made.patched, first),
        chimera: await effects(chimera, first),
        chimeraAgain: await effects(chimera, second),
        source: await effects(runs[partner]!.get(source)!, first, theirs),
      },
      attention: {
        before: attentionOn(made.target, heads, values.get(source)!.places),
        after: attentionOn(made.patched, heads, values.get(source)!.places),
        chimera: attentionOn(chimera, heads, values.get(source)!.places),
      },
      sourceRight: (await likeliestOf(runs[partner]!.get(source)!)) === toldOf(partner, source).token,
    });
    step();
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

/** For every story another one with another value of the variable. @throws ConfigError where all values are the same */
const partnersOf = (stories: readonly StudyStory[], variable: string, draw: Draw): number[] =>
  stories.map(({ values }) => {
    const { token } = values.get(variable)!;
    const others = [...stories.keys()].filter((other) => stories[other]!.values.get(variable)!.token !== token);
    if (others.length === 0) throw new ConfigError(`retrieval: expected stories with several values of ${variable}, got one; take more prompts`);
    return draw.pick(others);
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
