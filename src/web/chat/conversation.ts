import type { GuardVerdict } from './ask-model.ts';
import type { Unit } from './tokens.ts';

/** How fast an answer was, and what it took. */
export interface Figures {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly firstTokenSeconds: number | null;
  readonly tokensPerSecond: number | null;
  /** Tokens that the model can hold. */
  readonly context: number;
}

/** Why an answer ended: the model ended it, it is as long as allowed, somebody stopped it, or it failed. */
export type End = 'stop' | 'length' | 'stopped' | 'failed';

export interface Question {
  readonly id: string;
  readonly role: 'user';
  readonly text: string;
}

export interface Answer {
  readonly id: string;
  readonly role: 'assistant';
  readonly text: string;
  readonly units: readonly Unit[];
  readonly model: string;
  readonly seed: number;
  /** Null while it is being written. */
  readonly end: End | null;
  readonly error: string | null;
  readonly figures: Figures | null;
  /** Of a model that was loaded with a guard. */
  readonly guard?: GuardVerdict | null;
}

export type Turn = Question | Answer;

/** How the model is asked. */
export interface Settings {
  readonly model: string;
  readonly system: string;
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  /** Null: another one each time. */
  readonly seed: number | null;
}

export const defaultSettings: Settings = { model: '', system: '', temperature: 0.7, topP: 0.95, maxTokens: 512, seed: null };

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What the model is sent: the system prompt, then the turns; an answer of which nothing came is left out. */
export function messagesOf(turns: readonly Turn[], system: string): Message[] {
  const head: Message[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  return [...head, ...turns.flatMap(({ role, text }) => (role === 'assistant' && text === '' ? [] : [{ role, content: text }]))];
}

/** The same for a model that continues a text and knows no turns. */
export const textOf = (turns: readonly Turn[]): string => turns.map(({ text }) => text).join('');

/** The turns up to a question, with other words; what came after it is gone. */
export function rewritten(turns: readonly Turn[], id: string, text: string): Turn[] {
  const place = turns.findIndex((turn) => turn.id === id);
  return place < 0 ? [...turns] : [...turns.slice(0, place), { id, role: 'user', text }];
}

/** The turns before an answer, so that it can be given again. */
export function before(turns: readonly Turn[], id: string): Turn[] {
  const place = turns.findIndex((turn) => turn.id === id);
  return place < 0 ? [...turns] : turns.slice(0, place);
}

const fence = (text: string): string => text.trim() || '*(nothing)*';

/** The conversation to be read, as Markdown. */
export function markdownOf(turns: readonly Turn[], { system }: Settings): string {
  const parts = turns.map((turn) => (turn.role === 'user' ? `**You**\n\n${fence(turn.text)}` : `**${turn.model}**\n\n${fence(turn.text)}`));
  return `${[...(system.trim() ? [`**System**\n\n${fence(system)}`] : []), ...parts].join('\n\n---\n\n')}\n`;
}

/** The conversation with everything that is known of it. */
export const jsonOf = (turns: readonly Turn[], settings: Settings): string =>
  `${JSON.stringify({ format: 1, savedAt: new Date().toISOString(), settings, turns }, null, 1)}\n`;
