import { batch, signal } from '@preact/signals';
import { askModel } from '../chat/ask-model.ts';
import { defaultSettings, type Turn } from '../chat/conversation.ts';
import { ensureLoaded, wordsOf } from '../chat/model-choice.ts';
import { get, RequestError } from '../state/api.ts';
import { models } from '../state/data.ts';
import type { AdaptRunDetails, Models } from '../state/types.ts';

export type Side = 'base' | 'adapted';

/** One side's answer to a prompt. */
export interface Said {
  readonly text: string;
  /** `waiting`: for the other side, which has the server's one place for a model. */
  readonly state: 'waiting' | 'loading' | 'writing' | 'done' | 'stopped' | 'failed';
  readonly error: string | null;
  readonly tokensPerSecond: number | null;
}
export interface Exchange {
  readonly id: string;
  readonly prompt: string;
  readonly base: Said;
  readonly adapted: Said;
}

/** By run: what was asked, and what both said. */
export const talks = signal<ReadonlyMap<string, readonly Exchange[]>>(new Map());
export const talkDraft = signal('');
export const talkUnderWay = signal<AbortController | null>(null);
export const maxTokens = signal(200);
export const stopTalk = (): void => talkUnderWay.peek()?.abort(new DOMException('stopped', 'AbortError'));

const unsaid: Said = { text: '', state: 'waiting', error: null, tokensPerSecond: null };

function change(run: string, id: string, side: Side, part: Partial<Said>): void {
  const talk = talks.peek().get(run) ?? [];
  talks.value = new Map(talks.peek()).set(
    run,
    talk.map((exchange) => (exchange.id === id ? { ...exchange, [side]: { ...exchange[side], ...part } } : exchange)),
  );
}

/** What one side was asked and said before, as its own conversation. */
const turnsOf = (talk: readonly Exchange[], side: Side): Turn[] =>
  talk.flatMap((exchange): Turn[] => {
    const { text } = exchange[side];
    const question: Turn = { id: exchange.id, role: 'user', text: exchange.prompt };
    if (text === '') return [question];
    return [question, { id: `${exchange.id} ${side}`, role: 'assistant', text, units: [], model: side, seed: 0, end: 'stop', error: null, figures: null }];
  });

async function sayAs(side: Side, { name: run, model }: AdaptRunDetails, id: string, signal: AbortSignal): Promise<void> {
  change(run, id, side, { state: 'loading' });
  const { chats, name } = await ensureLoaded(model, signal, { adapter: side === 'adapted' ? run : undefined });
  change(run, id, side, { state: 'writing' });
  const talk = talks.peek().get(run) ?? [];
  const place = talk.findIndex((exchange) => exchange.id === id);
  // Only what leads up to this prompt; a model without turns continues this prompt alone.
  const turns = chats ? turnsOf(talk.slice(0, place + 1), side) : [{ id, role: 'user' as const, text: talk[place]!.prompt }];
  const settings = { ...defaultSettings, temperature: 0, topP: 1, maxTokens: maxTokens.peek() };
  let text = '';
  let frame = 0;
  const show = () => {
    frame = 0;
    change(run, id, side, { text });
  };
  let tokensPerSecond: number | null = null;
  try {
    await askModel({ model: name, chats, turns, settings, seed: 1 }, signal, (part) => {
      text += part.text;
      tokensPerSecond = part.speed?.tokensPerSecond ?? tokensPerSecond;
      frame ||= requestAnimationFrame(show);
    });
  } finally {
    cancelAnimationFrame(frame);
    change(run, id, side, { text });
  }
  change(run, id, side, { state: 'done', tokensPerSecond });
}

/** Has both sides answer, the one first whose model is loaded: the server holds one at a time. */
export async function askBoth(run: AdaptRunDetails, prompt: string): Promise<void> {
  if (talkUnderWay.peek() || prompt.trim() === '') return;
  const stop = new AbortController();
  const id = crypto.randomUUID().slice(0, 8);
  batch(() => {
    talkUnderWay.value = stop;
    talkDraft.value = '';
    talks.value = new Map(talks.peek()).set(run.name, [...(talks.peek().get(run.name) ?? []), { id, prompt: prompt.trimEnd(), base: unsaid, adapted: unsaid }]);
  });
  const loaded = await get<Models>('/api/models').then(
    (now) => now.loaded,
    () => null,
  );
  const order: readonly Side[] = loaded?.adapter === run.name ? ['adapted', 'base'] : ['base', 'adapted'];
  for (const side of order) {
    try {
      stop.signal.throwIfAborted();
      await sayAs(side, run, id, stop.signal);
    } catch (error) {
      if (stop.signal.aborted) change(run.name, id, side, { state: 'stopped' });
      else {
        const words =
          error instanceof RequestError && error.code === 'NOT_FOUND' ? `${run.model} is not among the models of this machine any more.` : wordsOf(error);
        change(run.name, id, side, { state: 'failed', error: words });
      }
    }
  }
  talkUnderWay.value = null;
  models.refresh();
}

export function clearTalk(run: string): void {
  stopTalk();
  const next = new Map(talks.peek());
  next.delete(run);
  talks.value = next;
}
