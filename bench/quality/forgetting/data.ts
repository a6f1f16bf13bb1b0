import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type BaseModel, type ConversationSample, findOverlaps, type TokenText, textOf, tokenise } from '../../../src/adapt/index.ts';
import {
  type AnswerItem,
  builtinFacts,
  type Fact,
  type FactProbe,
  parseFacts,
  parseQuestions,
  questionItems,
  withCandidates,
} from '../../../src/evaluate/index.ts';
import { hashOf, hashOfName } from '../../../src/train/index.ts';

/** Kinds of samples: their experts are the first half and the second. */
export const kinds = ['task', 'knowledge'] as const;
export type Kind = (typeof kinds)[number];

/** What all models are asked; none of it is trained on. */
export interface Tests {
  /** General facts, ours and those of LRE, each among sixteen of its kind. */
  readonly facts: readonly FactProbe[];
  readonly relations: readonly FactProbe[];
  readonly questions: readonly AnswerItem[];
  readonly tasks: readonly AnswerItem[];
  /** The same questions and tasks as texts, whose loss is taken. */
  readonly texts: Readonly<Record<Kind, readonly TokenText[]>>;
}

export interface Mix {
  readonly tests: Tests;
  /** What learning rates were chosen by. */
  readonly dev: readonly TokenText[];
  /** Samples to train on: half tasks, half questions, drawn by the seed. */
  training(size: number, seed: number): readonly TokenText[];
  /** Sorted for a hash of what was asked. */
  readonly asked: readonly string[];
}

const [most, tested, ranked, asked, developed, candidates] = [400, 200, 200, 150, 100, 16]; // characters of a sample; tasks, facts of LRE, questions, dev samples of each kind; candidates of a fact
const alpacaShare = 0.25;
const alpacaMost = 200;

const folder = process.env.LYCEUM_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));

const read = async (name: string): Promise<string> => {
  const path = `${folder}/${name}`;
  if (!existsSync(path)) throw new Error(`bench quality/forgetting: expected data at ${path}, got nothing there; name the folder with LYCEUM_DATA`);
  const bytes = await readFile(path);
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
};

const linesOf = async <T>(name: string): Promise<T[]> => (await read(name)).split('\n').filter(Boolean).map((line) => JSON.parse(line) as T); // biome-ignore format: short

/** In an order that a seed decides, whatever else is in the list. */
const shuffled = <T extends { readonly id: string }>(items: readonly T[], seed: number): T[] =>
  [...items].sort((a, b) => hashOf(seed, hashOfName(a.id)) - hashOf(seed, hashOfName(b.id)) || (a.id < b.id ? -1 : 1));

const sample = (id: string, kind: Kind, prompt: string, answer: string): ConversationSample => ({
  id,
  line: 1,
  kind,
  shape: 'instruction',
  turns: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: answer },
  ],
});

/** A prompt as `speak` writes it before an answer where a model has no template. */
const promptBefore = (prompt: string): string => (/\s$/.test(prompt) ? prompt : `${prompt}\n`);

const questionText = (question: string): string => `Question: ${/\?\s*$/.test(question) ? question : `${question}?`}\nAnswer:`;

/** Reads all there is to learn and to ask. Texts are plain, without a template, as the authors' are. */
export const readMix = async (base: BaseModel): Promise<Mix> => {
  const pool = await taskSamples();
  const [test, rest] = [pool.slice(0, tested), pool.slice(tested)];
  const clean = withoutLeaks(rest, test);
  const [taskDev, tasks] = [clean.slice(0, developed), clean.slice(developed)];
  const alpaca = await alpacaSamples();
  const questions = shuffled(await questionSamples('world_qa/webquestions_train.jsonl'), 0);
  const [questionDev, train] = [questions.slice(0, developed), questions.slice(developed)];
  const valid = parseQuestions(await read('world_qa/webquestions_val.jsonl'), 'webquestions_val.jsonl').filter(({ answers }) => !answers.some((one) => one.startsWith('http'))); // biome-ignore format: one thought
  const drawnQuestions = shuffled(valid, 0).slice(0, asked);
  const texts = async (samples: readonly ConversationSample[]): Promise<readonly TokenText[]> =>
    (
      await tokenise(samples, {
        tokenizer: base.tokenizer,
        chatTemplate: undefined,
        length: 256,
        tooLong: 'refuse',
        kinds: new Map(kinds.map((kind, i) => [kind, i])),
      })
    ).texts;
  const [allTasks, allAlpaca, allQuestions] = [await texts(tasks), await texts(alpaca), await texts(train)];
  const tests: Tests = {
    facts: withCandidates(await builtinFacts(), { perRelation: 12, most: candidates, seed: 1 }),
    relations: await relationProbes(),
    questions: questionItems(drawnQuestions, 'shots'),
    tasks: test.map(({ id, turns }) => ({ id, prompt: promptBefore(turns[0]!.content), answers: [turns[1]!.content] })),
    texts: {
      task: await texts(test),
      knowledge: await texts(drawnQuestions.map(({ id, question, answers }) => sample(id, 'knowledge', questionText(question), ` ${answers[0]}`))),
    },
  };
  return {
    tests,
    dev: [...(await texts(taskDev)), ...(await texts(questionDev))],
    training(size, seed) {
      const half = size / 2;
      const ofAlpaca = Math.round(half * alpacaShare);
      const chosen = [shuffled(allTasks, seed).slice(0, half - ofAlpaca), shuffled(allAlpaca, seed).slice(0, ofAlpaca), shuffled(allQuestions, seed).slice(0, half)]; // biome-ignore format: one list
      if (chosen.flat().length !== size) throw new Error(`bench quality/forgetting: expected ${size} samples, got ${chosen.map(({ length }) => length).join(' + ')}; take fewer`); // biome-ignore format: a message
      return chosen.flat();
    },
    asked: [
      ...[...tests.facts, ...tests.relations].map(({ id, candidates: all }) => `${id} ${all.join('|')}`),
      ...[...tests.questions, ...tests.tasks].map(({ id }) => id),
    ],
  };
};

interface P3 {
  readonly template: string;
  readonly prompt: string;
  readonly completion: string;
}

/** Short samples of P3, each prompt once, in an order of their own. */
const taskSamples = async (): Promise<ConversationSample[]> => {
  const lines = await linesOf<P3>('instructions/t0_p3_20_per_template.jsonl.gz');
  const short = lines.filter(({ prompt, completion }) => completion.trim() !== '' && prompt.length + completion.length <= most);
  const once = new Map(short.map(({ template, prompt, completion }) => [prompt.trim(), sample(`${template} ${hashOfName(prompt)}`, 'task', prompt.trim(), completion.trim())])); // biome-ignore format: one thought
  return shuffled([...once.values()], 0);
};

/** Without samples that share thirteen words with a test: unless so many do that the words are the template's. */
const withoutLeaks = (samples: readonly ConversationSample[], tests: readonly ConversationSample[]): ConversationSample[] => {
  const passages = (all: readonly ConversationSample[]) => all.map((one) => ({ id: one.id, text: textOf(one) }));
  const found = findOverlaps(passages(samples), passages(tests));
  const templateOf = (id: string): string => id.split(' ')[0]!;
  const leaked = new Set(found.filter(({ trainingId, evaluationId }) => templateOf(trainingId) !== templateOf(evaluationId)).map(({ trainingId }) => trainingId)); // biome-ignore format: one thought
  return samples.filter(({ id }) => !leaked.has(id));
};

const alpacaSamples = async (): Promise<ConversationSample[]> => {
  const lines = await linesOf<{ instruction: string; input: string; output: string }>('instructions/alpaca_5k.jsonl.gz');
  return lines.flatMap(({ instruction, input, output }, i) => {
    const prompt = input.trim() === '' ? instruction : `${instruction}\n${input}`;
    return output.trim() !== '' && prompt.length + output.length <= alpacaMost ? [sample(`alpaca ${i}`, 'task', prompt.trim(), output.trim())] : [];
  });
};

const questionSamples = async (name: string): Promise<ConversationSample[]> =>
  parseQuestions(await read(name), name).flatMap(({ id, question, answers }) => {
    const answer = answers[0]!;
    return answer.length > 40 || answer.startsWith('http') ? [] : [sample(id, 'knowledge', questionText(question), ` ${answer}`)];
  });

/** Facts of LRE's factual relations. */
const relationProbes = async (): Promise<FactProbe[]> => {
  const factual = (await linesOf<{ kind: string }>('facts/lre_triples.jsonl.gz')).filter(({ kind }) => kind === 'factual').map((line) => JSON.stringify(line));
  const all: Fact[] = parseFacts(
    { name: 'lre_triples.jsonl', text: factual.join('\n') },
    { name: 'lre_relations.json', text: await read('facts/lre_relations.json') },
  );
  return shuffled(withCandidates(all, { most: candidates, seed: 1 }), 0).slice(0, ranked);
};
