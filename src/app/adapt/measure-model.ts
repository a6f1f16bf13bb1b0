import { readFile } from 'node:fs/promises';
import { answerOf, type ConversationSample, type PreferenceSample, type Sample } from '../../adapt/index.ts';
import { type MeasuredItem, measureAnswers, measurePreferences } from '../../evaluate/index.ts';
import { type ChatMessage, writeWhole } from '../../formats/index.ts';
import { type KnowledgeTest, readKnowledgeTest } from '../eval-knowledge.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts';

/** What a model could do before or after training, item by item. */
export interface Measured {
  readonly task: readonly MeasuredItem[];
  readonly knowledge: readonly MeasuredItem[];
}

export interface MeasureOptions {
  readonly model: string;
  readonly adapter?: string;
  readonly heldOut: readonly Sample[];
  readonly threads: number;
  readonly seed: number;
  /** Messages that a sample is asked with. Default: its own. */
  readonly messagesOf?: (sample: ConversationSample) => readonly ChatMessage[];
  /** What is known already of its knowledge, which is not asked again. */
  readonly knowledge?: readonly MeasuredItem[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

const mostAsked = 100; // of the held-out samples
const mostWords = 40; // of an answer that is compared word by word
const perRelation = 12;
const candidates = 16;

/** The figure by which answers are judged: of preferences, which is the likelier; else the same words where answers are short, words in common where they are sentences. */
export const taskMetric = (samples: readonly Sample[]): { readonly name: 'accuracy' | 'exact-match' | 'word-f1'; readonly said: string } => {
  if (samples.some(({ shape }) => shape === 'preference')) return { name: 'accuracy', said: 'preference accuracy' };
  const words = samples.map((sample) => answerOf(sample).split(/\s+/).length).sort((a, b) => a - b);
  return (words[Math.floor(words.length / 2)] ?? 0) <= 4 ? { name: 'exact-match', said: 'exact match' } : { name: 'word-f1', said: 'words in common (F1)' };
};

/** Held-out samples whose answers a model can be asked for. */
export const askedOf = (heldOut: readonly Sample[]): ConversationSample[] =>
  heldOut
    .filter(
      (sample): sample is ConversationSample =>
        (sample.shape === 'chat' || sample.shape === 'instruction') && answerOf(sample).split(/\s+/).length <= mostWords,
    )
    .slice(0, mostAsked);

const spoken = (turns: ConversationSample['turns']): readonly ChatMessage[] => turns.map(({ role, content }) => ({ role, content }));
const turnsOf = ({ turns }: ConversationSample): readonly ChatMessage[] => spoken(turns.slice(0, -1));

/**
 * Asks a model held-out samples and general knowledge. What was measured is kept in `file`, so that a run that goes on asks nothing twice.
 *
 * @throws as `openLanguageModelApart` · the signal's reason
 */
export const measureModel = async (file: string, options: MeasureOptions): Promise<Measured> => {
  const { model, adapter, heldOut, threads, seed, messagesOf = turnsOf, signal, onProgress } = options;
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Measured;
  const facts: KnowledgeTest = await readKnowledgeTest('facts', { data: 'builtin', limit: perRelation, candidates, seed });
  await using opened = await openLanguageModelApart(model, { threads, ...(adapter !== undefined && { adapter }) }, signal ? { signal } : {});
  const asked = opened.info.hasChatTemplate ? askedOf(heldOut) : [];
  const run = (stage: string) => ({ ...(signal && { signal }), onProgress: (done: number, total: number) => onProgress?.(stage, done, total) });
  const preferred = opened.info.hasChatTemplate
    ? heldOut.filter((sample): sample is PreferenceSample => sample.shape === 'preference').slice(0, mostAsked)
    : [];
  const compared = await measurePreferences(
    preferred.map(({ id, kind, turns, chosen, rejected }) => ({ id, ...(kind !== undefined && { group: kind }), prompt: spoken(turns), chosen, rejected })),
    (prompt, completions) => opened.scoreCompletions(prompt as readonly ChatMessage[], completions),
    run('comparing held-out answers'),
  );
  const written = await measureAnswers(
    asked.map((sample) => ({
      id: sample.id,
      ...(sample.kind !== undefined && { group: sample.kind }),
      prompt: messagesOf(sample),
      answers: [answerOf(sample)],
    })),
    {
      write: async (prompt) => (await opened.generate({ messages: prompt as readonly ChatMessage[], maxTokens: 96 }, signal ? { signal } : {})).text,
    },
    run('asking held-out samples'),
  );
  const knowledge = options.knowledge ?? (await facts.measure(opened, run('asking general knowledge'))).items;
  const measured = { task: [...compared, ...written], knowledge };
  await writeWhole(file, [Buffer.from(JSON.stringify(measured))]);
  return measured;
};
