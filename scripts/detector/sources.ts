import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { hashOf, hashOfName, uniformOf } from '../../src/train/index.ts';
import { attackTemplates, attackValues } from './own-attacks.ts';
import { harmlessDocuments, harmlessRequests } from './own-documents.ts';

/** A text that attacks are put into. What has one group is held out together. */
export interface Carrier {
  readonly source: string;
  readonly group: string;
  readonly text: string;
  readonly questions: readonly string[];
}

/** What is put into a carrier: `order` speaks of the answer or the document, `request` could be asked by anybody. */
export interface Attack {
  readonly source: string;
  readonly group: string;
  readonly text: string;
  readonly kind: 'order' | 'request';
}

/** A document that is one message. */
export interface Message {
  readonly source: string;
  readonly group: string;
  readonly text: string;
  readonly injected: boolean;
}

/** Which third a group is in. */
export const foldOf = (group: string): number => hashOf(hashOfName(group), 1) % 3;

const folder = process.env['LYCEUM_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

const linesOf = <T>(name: string): T[] => {
  const path = `${folder}/${name}`;
  if (!existsSync(path)) throw new Error(`train-detector: expected data at ${path}, got nothing there; name the folder with LYCEUM_DATA`);
  const bytes = readFileSync(path);
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line) as T); // biome-ignore format: short
};

/** At most `count`, the same for equal lists. */
const some = <T>(items: readonly T[], count: number, name: string): T[] =>
  items
    .map((item, i) => ({ item, key: hashOf(hashOfName(name), i) }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ item }) => item);

interface Context {
  readonly context: string | readonly string[];
  readonly code?: readonly string[];
  readonly question?: string;
}
interface Task {
  readonly instruction: string;
  readonly instances: readonly { readonly input: string; readonly output: string }[];
}
interface Squad {
  readonly data: readonly {
    readonly title: string;
    readonly paragraphs: readonly { readonly context: string; readonly qas: readonly { readonly question: string }[] }[];
  }[];
}

const squad = (): Carrier[] => {
  const { data } = JSON.parse(gunzipSync(readFileSync(`${folder}/squad/train_subset_v1.1.json.gz`)).toString()) as Squad;
  return data.flatMap(({ title, paragraphs }) =>
    some(paragraphs, 10, title).map(({ context, qas }) => ({
      source: 'squad',
      group: title,
      text: context,
      questions: qas.slice(0, 3).map(({ question }) => question),
    })),
  );
};

const plain = (source: string, texts: readonly string[], count: number): Carrier[] =>
  some([...texts.entries()], count, source).map(([i, text]) => ({ source, group: `${source} ${i}`, text, questions: [] }));

const bipia = (source: string, file: string, count: number, textOf: (row: Context) => string): Carrier[] =>
  some([...linesOf<Context>(`injection/${file}`).entries()], count, source).map(([i, row]) => ({
    source,
    group: `${source} ${i}`,
    text: textOf(row),
    questions: row.question ? [row.question.replace(/^Q:\s*/, '')] : [],
  }));

const long = ({ instances }: Task): string[] => instances.slice(0, 1).map(({ output }) => output).filter((text) => text.length > 150 && text.length < 1500); // biome-ignore format: short

/** Carriers to train on. */
export const carriers = (): Carrier[] => [
  ...bipia('bipia email', 'bipia_email_train.jsonl', 50, ({ context }) => context as string),
  ...bipia('bipia table', 'bipia_table_train.jsonl.gz', 150, ({ context }) => (context as string).split('\n').slice(0, 9).join('\n')),
  ...bipia('bipia code', 'bipia_code_train.jsonl', 50, ({ context }) => (context as string[]).join('\n').slice(0, 3000)),
  ...bipia('bipia program', 'bipia_code_train.jsonl', 50, ({ code }) => code!.join('\n').slice(0, 2000)),
  ...squad(),
  ...plain(
    'gsm8k',
    linesOf<{ question: string }>('arithmetic/gsm8k_train.jsonl.gz').map(({ question }) => question),
    120,
  ),
  ...plain('self-instruct output', linesOf<Task>('instructions/self_instruct_seed_175.jsonl').flatMap(long), 90),
  ...plain('user-oriented output', linesOf<Task>('instructions/user_oriented_252.jsonl').flatMap(long), 110),
  ...plain('own', harmlessDocuments, harmlessDocuments.length),
];

/** Carriers that are never trained on: abstracts, whose licence does not allow it, and the stories that the guard is measured on. */
export const otherCarriers = (): Carrier[] => [
  ...plain(
    'abstracts',
    linesOf<{ abstract: string }>('ai_abstracts/abstracts.jsonl.gz').map(({ abstract }) => abstract),
    100,
  ),
  ...(JSON.parse(readFileSync(`${folder}/orion/nanostories_5.json`, 'utf8')) as { story: string }[])
    .slice(0, 50)
    .map(({ story }, i) => ({ source: 'stories', group: `story ${i}`, text: story, questions: ['Which city is the story located in?'] })),
];

const filled = (template: string, i: number): Attack => {
  const script = /\p{Script=Cyrillic}/u.test(template) ? 'Cyrillic' : /\p{Script=Han}/u.test(template) ? 'Han' : 'Latin';
  const values = attackValues[script];
  const value = (slot: number): string => values[hashOf(hashOfName(template), i, slot) % values.length]!;
  const spelt = uniformOf(hashOfName(template), i, 7) < 0.15 ? value(0).split('').join(' ') : value(0);
  return { source: 'own', group: template, text: template.replaceAll('{X}', spelt).replaceAll('{Y}', value(1)), kind: 'order' };
};

// Categories of BIPIA that ask for something of their own; the others change the answer.
const tasks = new Set(['Information Retrieval', 'Content Creation', 'Learning and Tutoring', 'Language Translation', 'Programming Help']);

/** Attacks to train on. */
export const attacks = (): Attack[] => {
  const leads = linesOf<{ text: string }>('injection/tasktracker_saved_injections.jsonl').map(({ text }) => text);
  const trivia = linesOf<{ question: string }>('injection/tasktracker_trivia_pairs.jsonl').map(({ question }) => question);
  // A lead-in is followed by a question of its own third.
  const thirds = [0, 1, 2].map((fold) => trivia.filter((_, i) => foldOf(`trivia ${i}`) === fold));
  const ledBy = (text: string, i: number): Attack => {
    const group = `lead ${text}`;
    const questions = thirds[foldOf(group)]!;
    return { source: 'led trivia', group, text: `${text} ${questions[hashOf(i, 3) % questions.length]}`, kind: 'order' };
  };
  const request = (source: string, texts: readonly string[], count: number): Attack[] =>
    some([...texts.entries()], count, source).map(([i, text]) => ({ source, group: `${source} ${i}`, text, kind: 'request' }));
  return [
    ...linesOf<{ category: string; instruction: string }>('injection/bipia_text_attack_train.jsonl').map(({ category, instruction }): Attack => ({
      source: 'bipia text', group: category, text: instruction, kind: tasks.has(category) ? 'request' : 'order',
    })), // biome-ignore format: short
    ...linesOf<{ category: string; instruction: string }>('injection/bipia_code_attack_train.jsonl').map(({ category, instruction }): Attack => ({
      source: 'bipia code', group: category, text: instruction, kind: 'order',
    })), // biome-ignore format: short
    ...leads.map(ledBy),
    ...request('trivia', trivia, 325),
    ...request(
      'questions',
      linesOf<{ question: string }>('world_qa/nq_open_dev.jsonl').map(({ question }) => `${question[0]!.toUpperCase()}${question.slice(1)}?`),
      200,
    ),
    ...request(
      'tasks',
      linesOf<Task>('instructions/self_instruct_seed_175.jsonl').map(({ instruction }) => instruction),
      175,
    ),
    ...request(
      'tasks',
      linesOf<Task>('instructions/user_oriented_252.jsonl').map(({ instruction }) => instruction),
      200,
    ),
    ...attackTemplates.flatMap((template) => [0, 1, 2, 3].map((i) => filled(template, i))),
  ];
};

/** Messages to train on. */
export const messages = (): Message[] => {
  const harmless = (source: string, texts: readonly string[], count: number): Message[] =>
    some([...texts.entries()], count, source).map(([i, text]) => ({ source: `lone ${source}`, group: `${source} ${i}`, text, injected: false }));
  return [
    ...linesOf<{ text: string; label: number }>('injection/deepset_train.jsonl').map(({ text, label }, i): Message => ({
      source: label ? 'deepset injected' : 'deepset harmless', group: `deepset ${i}`, text, injected: label === 1,
    })), // biome-ignore format: short
    ...harmless(
      'tasks',
      linesOf<Task>('instructions/self_instruct_seed_175.jsonl').map(({ instruction }) => instruction),
      175,
    ),
    ...harmless(
      'tasks',
      linesOf<Task>('instructions/user_oriented_252.jsonl').map(({ instruction }) => instruction),
      200,
    ),
    ...harmless(
      'trivia',
      linesOf<{ question: string }>('injection/tasktracker_trivia_pairs.jsonl').map(({ question }) => question),
      150,
    ),
    ...harmless(
      'questions',
      linesOf<{ question: string }>('world_qa/nq_open_dev.jsonl').map(({ question }) => `${question[0]!.toUpperCase()}${question.slice(1)}?`),
      200,
    ),
    ...harmless(
      'intents',
      linesOf<{ text: string }>('clinc150/val.jsonl').map(({ text }) => text),
      150,
    ),
    ...harmlessRequests.map((text): Message => ({ source: 'lone own', group: text, text, injected: false })),
    ...some(linesOf<{ text: string }>('injection/tasktracker_saved_injections.jsonl'), 150, 'leads alone').map(({ text }): Message => ({
      source: 'leads alone', group: `lead ${text}`, text, injected: true,
    })), // biome-ignore format: short
    ...attackTemplates
      .slice(attackTemplates.indexOf('The only valid answer is {X}.'))
      .map((template): Message => ({ source: 'own alone', group: template, text: filled(template, 0).text, injected: true })),
  ];
};

/** Harmless messages with words that attacks use, to look at only. */
export const notInject = (): Message[] =>
  linesOf<{ prompt: string; category: string }>('injection/notinject_339.jsonl').map(({ prompt, category }, i) => ({
    source: `notinject ${category}`,
    group: `notinject ${i}`,
    text: prompt,
    injected: false,
  }));
