import { answerOf, type ConversationSample, type PreferenceSample, promptOf, type Sample } from '../../adapt/index.ts';
import { builtinFacts, type FactProbe, type MeasuredItem, measureAnswers, measurePreferences, withCandidates } from '../../evaluate/index.ts';
import { type CausalTokenizer, type ChatMessage, writeWhole } from '../../formats/index.ts';
import { readKnowledgeTest } from '../eval-knowledge.ts';
import type { LanguageModel } from '../language-model/index.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts';
import type { WeightMode } from '../language-model/weights.ts';
import { keptMeasured, type Measured } from './kept-measured.ts';

export interface MeasureOptions extends AskRun {
  readonly model: string;
  readonly adapter?: string;
  readonly heldOut: readonly Sample[];
  readonly threads: number;
  readonly seed: number;
  /** How its weights are held; what was measured with others is measured anew. Default: what was measured, else as any model is opened. */
  readonly weights?: WeightMode;
  /** Messages that a sample is asked with. Default: its own. */
  readonly messagesOf?: (sample: ConversationSample) => readonly ChatMessage[];
  /** What is known already of its knowledge, which is not asked again. */
  readonly knowledge?: readonly MeasuredItem[];
}

const mostAsked = 100; // of the held-out samples
const mostWords = 40; // of an answer that is compared word by word
const mostWritten = 96; // tokens of an answer
const perRelation = 12;
const candidates = 16;

const said = { accuracy: 'preference accuracy', 'exact-match': 'exact match', 'word-f1': 'words in common (F1)' } as const;
/** A figure of an item by which a task is judged, and what a person calls it. */
export interface TaskMetric {
  readonly name: keyof typeof said;
  readonly said: string;
}
const metric = (name: TaskMetric['name']): TaskMetric => ({ name, said: said[name] });

/** The figure by which answers are judged: of preferences, which is the likelier; else the same words where answers are short, words in common where they are sentences. */
export const taskMetric = (samples: readonly Sample[]): TaskMetric => {
  if (samples.some(({ shape }) => shape === 'preference')) return metric('accuracy');
  const words = samples.map((sample) => answerOf(sample).split(/\s+/).length).sort((a, b) => a - b);
  return metric((words[Math.floor(words.length / 2)] ?? 0) <= 4 ? 'exact-match' : 'word-f1');
};

/** The figure that a result calls so; undefined where another version did. */
export const metricSaid = (as: string): TaskMetric | undefined => (Object.keys(said) as TaskMetric['name'][]).map(metric).find((one) => one.said === as);

/** Held-out samples whose answers a model can be asked for. */
export const askedOf = (heldOut: readonly Sample[]): ConversationSample[] =>
  heldOut
    .filter(
      (sample): sample is ConversationSample =>
        (sample.shape === 'chat' || sample.shape === 'instruction') && answerOf(sample).split(/\s+/).length <= mostWords,
    )
    .slice(0, mostAsked);

/** Held-out preferences whose answers a model can be asked to compare. */
const preferredOf = (heldOut: readonly Sample[]): PreferenceSample[] =>
  heldOut.filter((sample): sample is PreferenceSample => sample.shape === 'preference').slice(0, mostAsked);

const spoken = (turns: ConversationSample['turns']): readonly ChatMessage[] => turns.map(({ role, content }) => ({ role, content }));
const turnsOf = ({ turns }: ConversationSample): readonly ChatMessage[] => spoken(turns.slice(0, -1));

/** What a token costs that is written, or read in one of many short texts, in tokens of full rows (measured on SmolLM2: about three). */
const shortCost = 3;

/** About how many tokens of full rows cost as much as asking a model twice, before and after. Answers before are taken to be as long as may be, those after as long as the right ones. @param seed  draws the facts */
export const measuringTokens = async ({ encode }: Pick<CausalTokenizer, 'encode'>, heldOut: readonly Sample[], seed: number): Promise<number> => {
  const count = (text: string): number => encode(text).length;
  const sum = <T>(items: readonly T[], tokens: (item: T) => number): number => items.reduce((total, item) => total + tokens(item), 0);
  const facts = sum(await askedFacts(seed), ({ prompt, candidates }) => count(prompt) + sum(candidates, (one) => count(` ${one}`)));
  const compared = sum(preferredOf(heldOut), (sample) => count(promptOf(sample)) + count(sample.chosen) + count(sample.rejected));
  const asked = askedOf(heldOut);
  const answers = sum(asked, (sample) => mostWritten + Math.min(mostWritten, count(answerOf(sample)) + 1));
  return shortCost * (2 * (facts + compared + sum(asked, (sample) => count(promptOf(sample)))) + answers);
};

interface AskRun {
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

const runOf = ({ signal, onProgress }: AskRun, stage: string) => ({
  ...(signal && { signal }),
  onProgress: (done: number, total: number) => onProgress?.(stage, done, total),
});

/** Asks an open model held-out samples. @param messagesOf  that a sample is asked with; default its own */
export const askHeldOut = async (
  model: LanguageModel,
  heldOut: readonly Sample[],
  run: AskRun,
  messagesOf: (sample: ConversationSample) => readonly ChatMessage[] = turnsOf,
): Promise<MeasuredItem[]> => {
  if (!model.info.hasChatTemplate) return [];
  const { signal } = run;
  const compared = await measurePreferences(
    preferredOf(heldOut).map(({ id, kind, turns, chosen, rejected }) => ({
      id,
      ...(kind !== undefined && { group: kind }),
      prompt: spoken(turns),
      chosen,
      rejected,
    })),
    (prompt, completions) => model.scoreCompletions(prompt as readonly ChatMessage[], completions),
    runOf(run, 'comparing held-out answers'),
  );
  const written = await measureAnswers(
    askedOf(heldOut).map((sample) => ({
      id: sample.id,
      ...(sample.kind !== undefined && { group: sample.kind }),
      prompt: messagesOf(sample),
      answers: [answerOf(sample)],
    })),
    { write: async (prompt) => (await model.generate({ messages: prompt as readonly ChatMessage[], maxTokens: mostWritten }, signal ? { signal } : {})).text },
    runOf(run, 'asking held-out samples'),
  );
  return [...compared, ...written];
};

/** The facts that a model is asked about the world. @param seed  draws them */
export const askedFacts = async (seed: number): Promise<FactProbe[]> => withCandidates(await builtinFacts(), { perRelation, most: candidates, seed });

/** Asks an open model about the world: `askedFacts`. */
export const askKnowledge = async (model: LanguageModel, seed: number, run: AskRun): Promise<readonly MeasuredItem[]> => {
  const facts = await readKnowledgeTest('facts', { data: 'builtin', limit: perRelation, candidates, seed });
  return (await facts.measure(model, runOf(run, 'asking general knowledge'))).items;
};

/**
 * Asks a model held-out samples and general knowledge. What was measured is kept in `file`, so that a run that goes on asks nothing twice.
 *
 * @throws as `openLanguageModelApart` · the signal's reason
 */
export const measureModel = async (file: string, options: MeasureOptions): Promise<Measured> => {
  const { model, adapter, heldOut, threads, seed, weights, messagesOf, signal } = options;
  const known = await keptMeasured(file);
  if (known && (weights === undefined || known.weights === weights)) return known;
  const how = { threads, ...(adapter !== undefined && { adapter }), ...(weights !== undefined && { weights }) };
  await using opened = await openLanguageModelApart(model, how, signal ? { signal } : {});
  const task = await askHeldOut(opened, heldOut, options, messagesOf);
  const measured = { weights: opened.info.weights, task, knowledge: options.knowledge ?? (await askKnowledge(opened, seed, options)) };
  await writeWhole(file, [Buffer.from(JSON.stringify(measured))]);
  return measured;
};
