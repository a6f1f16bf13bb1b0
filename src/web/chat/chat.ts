import { batch, computed, effect, signal } from '@preact/signals';
import { get, post, RequestError, remove } from '../state/api.ts';
import { allRuns, models } from '../state/data.ts';
import { go, selection } from '../state/route.ts';
import { complain, say } from '../state/toasts.ts';
import type { Models, Run } from '../state/types.ts';
import { type AnswerPart, askModel } from './ask-model.ts';
import { type Answer, before, defaultSettings, rewritten, type Settings, type Turn } from './conversation.ts';
import { chatKey, keepChat, parseChat } from './keep-chat.ts';
import { unitsOf } from './tokens.ts';

const kept = parseChat(localStorage.getItem(chatKey));
export const settings = signal<Settings>(kept.settings);
export const turns = signal<readonly Turn[]>(kept.turns);
export const showTokens = signal(kept.showTokens);
/** What stands in the box and was not sent. */
export const draft = signal('');

interface UnderWay {
  readonly stop: AbortController;
  readonly beganMs: number;
  /** Null until the first token. */
  readonly firstMs: number | null;
  readonly tokens: number;
  readonly nowMs: number;
}
/** The answer that is being written. */
export const underWay = signal<UnderWay | null>(null);
/** Why the chosen model could not be loaded. */
export const loadTrouble = signal<string | null>(null);

export const setSettings = (change: Partial<Settings>): void => {
  settings.value = { ...settings.peek(), ...change };
};

export const generating = computed(() => (models.data.value?.models ?? []).filter((model) => model.generates));

/** The model that is asked: the one chosen, else the one loaded, else the likeliest to chat. */
export const chosenModel = computed(() => {
  const names = generating.value.map(({ name }) => name);
  const { model } = settings.value;
  if (names.includes(model)) return model;
  const loaded = models.data.value?.loaded?.name;
  if (loaded !== undefined && names.includes(loaded)) return loaded;
  return names.find((name) => /instruct|chat|-it\b/i.test(name)) ?? names[0] ?? '';
});
export const loadedModel = computed(() => {
  const loaded = models.data.value?.loaded;
  return loaded?.name === chosenModel.value ? loaded : null;
});
/** The loading under way. */
export const loading = computed<Run | null>(() => allRuns.value.find(({ kind, endedAt }) => kind === 'load' && endedAt === null) ?? null);

const pollMs = 150;
const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/** Loads a model where it is not loaded yet, and answers what it is. Errors: RequestError. */
async function ensureLoaded(name: string, signal: AbortSignal): Promise<NonNullable<Models['loaded']>> {
  const now = await get<Models>('/api/models', signal);
  if (now.loaded?.name === name) return now.loaded;
  let run = await post<Run>('/api/models/load', { name });
  try {
    while (run.endedAt === null) {
      await wait(pollMs, signal);
      run = await get<Run>(`/api/runs/${run.id}`, signal);
    }
  } catch (error) {
    if (signal.aborted) void remove(`/api/runs/${run.id}`).catch(() => {}); // it may have ended meanwhile
    throw error;
  }
  if (run.error) throw new RequestError(422, run.error.code, run.error.message);
  const { loaded } = await get<Models>('/api/models', signal);
  if (loaded?.name !== name)
    throw new RequestError(
      409,
      'REPLACED',
      run.state === 'cancelled' ? 'Loading was cancelled.' : `${name} is not loaded any more: another model has taken its place.`,
    );
  return loaded;
}

/** Makes a model the one that is asked, and loads it. */
export async function chooseModel(name: string): Promise<void> {
  stopAnswer();
  setSettings({ model: name });
  loadTrouble.value = null;
  try {
    await ensureLoaded(name, new AbortController().signal);
  } catch (error) {
    loadTrouble.value = wordsOf(error);
  }
  models.refresh();
}

export const releaseModel = (): void => {
  stopAnswer();
  remove('/api/models/loaded').then(models.refresh, complain);
};

const advice: Readonly<Record<string, string>> = {
  model_lost: 'The model’s process ended. If memory ran out, choose a smaller model or close other programs; answering again loads it anew.',
  shutting_down: 'The model was released, or another took its place, before this answer was finished. Answering again loads it anew.',
  context_length_exceeded: 'The conversation is longer than the model can hold. Begin a new one, or edit an earlier message to go on from there.',
};
const wordsOf = (error: unknown): string =>
  error instanceof RequestError ? (advice[error.code] ?? error.message) : error instanceof Error ? error.message : String(error);

/** Changes an answer. Other turns stay the same objects, so they are not drawn again. */
const change = (id: string, part: Partial<Answer>): void => {
  turns.value = turns.peek().map((turn) => (turn.id === id && turn.role === 'assistant' ? { ...turn, ...part } : turn));
};

const newId = (): string => crypto.randomUUID().slice(0, 8);
const drawSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;

/** Lets the model answer what stands there. */
async function answer(): Promise<void> {
  const model = chosenModel.peek();
  const stop = new AbortController();
  const asked = settings.peek();
  const question = turns.peek();
  const seed = asked.seed ?? drawSeed();
  const id = newId();
  const blank: Answer = { id, role: 'assistant', text: '', units: [], model, seed, end: null, error: null, figures: null };
  const began = performance.now();
  batch(() => {
    turns.value = [...question, blank];
    underWay.value = { stop, beganMs: began, firstMs: null, tokens: 0, nowMs: began };
    loadTrouble.value = null;
  });

  // What came is shown once a frame, or at the end.
  let given: Answer = blank;
  let [tokens, first] = [0, null as number | null];
  let frame = 0;
  const isStill = () => underWay.peek()?.stop === stop;
  const show = () => {
    frame = 0;
    if (!isStill()) return;
    batch(() => {
      change(id, given);
      underWay.value = { stop, beganMs: began, firstMs: first, tokens, nowMs: performance.now() };
    });
  };
  let usage: AnswerPart['usage'] = null;
  let speed: AnswerPart['speed'] = null;
  const onPart = (part: AnswerPart): void => {
    if (part.text !== '' || part.tokens.length > 0) {
      first ??= performance.now();
      tokens += part.tokens.length;
      given = { ...given, text: given.text + part.text, units: [...given.units, ...unitsOf(part.text, part.tokens)] };
    }
    if (part.end) given = { ...given, end: part.end };
    usage = part.usage ?? usage;
    speed = part.speed ?? speed;
    frame ||= requestAnimationFrame(show);
  };

  let end: Partial<Answer> = {};
  let context = 0;
  try {
    for (let round = 1; ; round++) {
      const { chats, context: most } = await ensureLoaded(model, stop.signal);
      context = most;
      try {
        await askModel({ model, chats, turns: question, settings: asked, seed }, stop.signal, onPart);
        break;
      } catch (error) {
        // It was released between the two.
        if (!(error instanceof RequestError && error.code === 'model_not_found' && round === 1)) throw error;
      }
    }
  } catch (error) {
    end = stop.signal.aborted ? { end: 'stopped' } : { end: 'failed', error: wordsOf(error) };
  }
  cancelAnimationFrame(frame);
  const used = usage as AnswerPart['usage'];
  const quick = speed as AnswerPart['speed'];
  const figures = used && {
    promptTokens: used.promptTokens,
    cachedTokens: quick?.cachedTokens ?? 0,
    completionTokens: used.completionTokens,
    firstTokenSeconds: quick?.firstTokenSeconds ?? null,
    tokensPerSecond: quick?.tokensPerSecond ?? null,
    context,
  };
  batch(() => {
    change(id, { ...given, figures, end: given.end ?? 'stopped', ...end });
    if (isStill()) underWay.value = null;
  });
  models.refresh();
}

const run = (): void => {
  answer().catch(complain);
};

export function send(): void {
  const text = draft.peek();
  if (text.trim() === '' || underWay.peek() || chosenModel.peek() === '') return;
  batch(() => {
    turns.value = [...turns.peek(), { id: newId(), role: 'user', text: text.trimEnd() }];
    draft.value = '';
  });
  run();
}

/** Ends the answer that is being written; what came of it stays. */
export const stopAnswer = (): void => underWay.peek()?.stop.abort(new DOMException('stopped', 'AbortError'));

/** Puts other turns in the place of those there are, with a way back. */
function replace(next: readonly Turn[], words: string): void {
  const old = turns.peek();
  turns.value = next;
  if (old.length === 0) return;
  say(words, async () => {
    stopAnswer();
    turns.value = old;
  });
}

/** Sends a question anew with other words; what came after it goes. */
export function editQuestion(id: string, text: string): void {
  if (underWay.peek() || text.trim() === '') return;
  const next = rewritten(turns.peek(), id, text.trimEnd());
  const lost = turns.peek().length - next.length;
  if (lost > 1) replace(next, 'The conversation goes on from the new words.');
  else turns.value = next;
  run();
}

/** Lets the model answer again. */
export function answerAgain(id: string): void {
  if (underWay.peek()) return;
  const old = turns.peek().find((turn) => turn.id === id);
  const next = before(turns.peek(), id);
  if (old?.role === 'assistant' && old.text !== '') replace(next, 'The answer is given again.');
  else turns.value = next;
  run();
}

export function newConversation(): void {
  stopAnswer();
  if (selection.peek()) go({ sel: null }, { replace: true });
  replace([], 'The conversation was cleared.');
}

export const defaultSampling = (): void => {
  const { temperature, topP, maxTokens, seed } = defaultSettings;
  setSettings({ temperature, topP, maxTokens, seed });
};

const keepEveryMs = 500;

/** Keeps the conversation between visits, and takes over what another tab of this browser changes. */
export function keepBetweenVisits(): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let told = false;
  const keep = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    const how = keepChat(localStorage, { settings: settings.peek(), turns: turns.peek(), showTokens: showTokens.peek() });
    if (how !== 'whole' && !told)
      say(
        'This browser has no room for all of the conversation: the oldest answers lose their probabilities when the page is left. Save it as JSON to keep them.',
      );
    told ||= how !== 'whole';
  };
  let isFirst = true;
  const stopWatching = effect(() => {
    settings.value;
    turns.value;
    showTokens.value;
    if (!isFirst) timer ??= setTimeout(keep, keepEveryMs);
    isFirst = false;
  });
  const leave = () => timer !== null && keep();
  const take = ({ key, newValue }: StorageEvent) => {
    if (key !== chatKey || underWay.peek()) return;
    const theirs = parseChat(newValue);
    batch(() => {
      settings.value = theirs.settings;
      turns.value = theirs.turns;
    });
    if (timer) clearTimeout(timer);
    timer = null;
  };
  addEventListener('pagehide', leave);
  addEventListener('storage', take);
  return () => {
    stopWatching();
    leave();
    removeEventListener('pagehide', leave);
    removeEventListener('storage', take);
  };
}
