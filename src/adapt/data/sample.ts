import { createHash } from 'node:crypto';

/** A turn of a conversation, in words only. */
export interface Turn {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

/** How a sample was written in its file. */
export type SampleShape = 'chat' | 'instruction' | 'preference' | 'text';

interface Common {
  /** One of its own within what was read. */
  readonly id: string;
  /** Line of the file, from 1; of a text, that of its first character. */
  readonly line: number;
  /** What sort of sample it is, where the file or a rule says so: it decides which experts it is meant for. */
  readonly kind?: string;
}

/** A conversation that ends with an answer; an instruction is one of two turns. */
export interface ConversationSample extends Common {
  readonly shape: 'chat' | 'instruction';
  readonly turns: readonly Turn[];
}

/** A conversation that waits for an answer, and two answers to it. */
export interface PreferenceSample extends Common {
  readonly shape: 'preference';
  readonly turns: readonly Turn[];
  readonly chosen: string;
  readonly rejected: string;
}

/** A text that is learnt as a whole. */
export interface TextSample extends Common {
  readonly shape: 'text';
  readonly text: string;
  /** More of the same document follows in another sample, so no end is learnt here. */
  readonly continues?: boolean;
}

/** One thing to learn from. */
export type Sample = ConversationSample | PreferenceSample | TextSample;

/** What a model is given of a sample: all before the answer; of a text, the text. */
export const promptOf = (sample: Sample): string => {
  if (sample.shape === 'text') return sample.text;
  const turns = sample.shape === 'preference' ? sample.turns : sample.turns.slice(0, -1);
  return turns.map(({ content }) => content).join('\n');
};

/** What a model is to say: the last answer, of a preference the chosen one; of a text, the text. */
export const answerOf = (sample: Sample): string => {
  if (sample.shape === 'text') return sample.text;
  return sample.shape === 'preference' ? sample.chosen : sample.turns.at(-1)!.content;
};

/** All words of a sample, both answers of a preference included: what is compared with an evaluation set. */
export const textOf = (sample: Sample): string => {
  if (sample.shape === 'text') return sample.text;
  return [...sample.turns.map(({ content }) => content), ...(sample.shape === 'preference' ? [sample.chosen, sample.rejected] : [])].join('\n');
};

const sha256 = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** SHA-256 of what a sample teaches, whatever its id, its kind and the shape it was written in: equal samples have equal ones. */
export const contentHash = (sample: Sample): string => {
  if (sample.shape === 'text') return sha256(sample.text);
  const turns = sample.turns.map(({ role, content }) => [role, content]);
  return sha256(sample.shape === 'preference' ? [turns, sample.chosen, sample.rejected] : turns);
};

/** SHA-256 of what a sample asks: samples that ask the same have equal ones, whatever their answers. */
export const promptHash = (sample: Sample): string => {
  if (sample.shape === 'text') return sha256(sample.text);
  const turns = sample.shape === 'preference' ? sample.turns : sample.turns.slice(0, -1);
  return sha256(turns.map(({ role, content }) => [role, content]));
};
