import { ConfigError } from '../core/index.ts';
import {
  type AnswerWriter,
  answerConvention,
  asMessages,
  builtinFacts,
  type CompletionScorer,
  drawSome,
  type Evaluation,
  factConvention,
  type LabelTask,
  type MeasuredItem,
  measureAnswers,
  measureTasks,
  parseFacts,
  parseQuestions,
  parseTaskItems,
  type QuestionStyle,
  questionItems,
  type RunOptions,
  rankFacts,
  type SkippedSample,
  summarise,
  taskConvention,
  withCandidates,
} from '../evaluate/index.ts';
import type { LanguageModel } from './language-model/index.ts';
import { readData } from './read-data.ts';

export type KnowledgeTask = 'closed-book' | 'facts' | 'tasks';

export interface KnowledgeOptions {
  /** JSON Lines, perhaps packed (.gz); of facts also `builtin`, those that ship with Lyceum. */
  readonly data: string;
  /** Of facts without prompts: the file of their templates. */
  readonly templates?: string;
  /** How questions are put: after four answered ones (the default), or as a message; samples of tasks as they are, or as a message. */
  readonly style?: QuestionStyle;
  /** Of texts with labels: what the labels mean. */
  readonly labels?: LabelTask;
  /** Items at most; of facts, of each relation. Default all. */
  readonly limit?: number;
  /** Candidates of a fact at most. Default 100. */
  readonly candidates?: number;
  /** Draws items, candidates and the bootstrap. Default 0. */
  readonly seed?: number;
}

/** What is asked of a model: to write and to score. */
export type KnowingModel = Pick<LanguageModel, 'info' | 'generate' | 'scoreCompletions'>;

/** A test that was read from its file: every model is asked the same. */
export interface KnowledgeTest {
  readonly task: KnowledgeTask;
  /** Items. */
  readonly n: number;
  /** What is left out: samples without an answer, and items that the model has no room for. @throws ConfigError where a model can be asked none · the signal's reason */
  measure(
    model: KnowingModel,
    run?: Omit<RunOptions, 'onUnfit'>,
  ): Promise<{ readonly evaluation: Evaluation; readonly items: readonly MeasuredItem[]; readonly skipped: readonly SkippedSample[] }>;
}

/**
 * Reads what a model is asked about: questions without a text to look in, facts to rank among others of their type, or samples of tasks.
 *
 * @throws FormatError for data that is not what the task needs · FileError where it cannot be read
 */
export const readKnowledgeTest = async (task: KnowledgeTask, options: KnowledgeOptions): Promise<KnowledgeTest> => {
  const { limit = Number.POSITIVE_INFINITY, seed = 0 } = options;
  const made = (
    items: readonly unknown[],
    convention: string,
    ask: (model: KnowingModel, run: RunOptions) => Promise<MeasuredItem[]>,
    skipped: readonly SkippedSample[] = [],
  ): KnowledgeTest => ({
    task,
    n: items.length,
    async measure(model, run = {}) {
      const unfit: SkippedSample[] = [];
      const found = await ask(model, { ...run, onUnfit: (where, reason) => void unfit.push({ where, reason }) });
      if (found.length === 0) throw new ConfigError(`${task}: expected items that the model can be asked, got none; the first: ${unfit[0]?.reason}`);
      return { items: found, skipped: [...skipped, ...unfit], evaluation: summarise(task, found, convention, { intervals: { seed } }) };
    },
  });
  if (task === 'facts') {
    const probes = withCandidates(await factsOf(options), {
      perRelation: limit,
      seed,
      ...(options.candidates !== undefined && { most: options.candidates }),
    });
    return made(probes, factConvention, (model, run) => rankFacts(probes, scorerOf(model), run));
  }
  if (options.data === 'builtin') throw new ConfigError(`${task}: expected a file of data, got builtin; only facts ship with Lyceum`);
  const source = await readData(options.data);
  if (task === 'closed-book') {
    const items = questionItems(drawSome(parseQuestions(source, options.data), limit, seed), options.style ?? 'shots');
    const model = (one: KnowingModel, run: RunOptions) => ({ write: writerOf(one, run), score: scorerOf(one) });
    return made(items, `${shotNotes[options.style ?? 'shots']}. ${answerConvention}`, (one, run) => measureAnswers(items, model(one, run), run));
  }
  const { items: all, skipped } = parseTaskItems(source, options.data, options.labels === undefined ? {} : { label: options.labels });
  const drawn = drawSome(all, limit, seed);
  const items = options.style === 'chat' ? asMessages(drawn) : drawn;
  return made(items, taskConvention, (model, run) => measureTasks(items, { write: writerOf(model, run), score: scorerOf(model) }, run), skipped);
};

const shotNotes = {
  shots: 'each question after the same four answered ones, the answer is one line',
  chat: 'each question as a message, the answer is the reply',
};

const factsOf = async ({ data, templates }: KnowledgeOptions) => {
  if (data === 'builtin') return builtinFacts();
  const file = { name: data, text: await readData(data) };
  return templates === undefined ? parseFacts(file) : parseFacts(file, { name: templates, text: await readData(templates) });
};

const scorerOf =
  (model: KnowingModel): CompletionScorer =>
  (prompt, completions) =>
    model.scoreCompletions(prompt, completions);

/** Greedy; a text is continued for one line, a message is answered. */
const writerOf =
  (model: KnowingModel, { signal }: RunOptions): AnswerWriter =>
  async (prompt) => {
    const request = typeof prompt === 'string' ? { prompt, maxTokens: 24, stop: ['\n'] } : { messages: prompt, maxTokens: 64 };
    return (await model.generate(request, signal ? { signal } : {})).text;
  };
