import { batch } from '@preact/signals';
import { RequestError } from '../state/api.ts';
import { models } from '../state/data.ts';
import { go, selection } from '../state/route.ts';
import { complain, say } from '../state/toasts.ts';
import { type AnswerPart, askModel } from './ask-model.ts';
import { draft, setSettings, settings, stopAnswer, turns, underWay } from './chat-state.ts';
import { type Answer, before, defaultSettings, rewritten, type Turn } from './conversation.ts';
import { chosenModel, ensureLoaded, loadTrouble, wordsOf } from './model-choice.ts';
import { unitsOf } from './tokens.ts';

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
    if (part.guard) given = { ...given, guard: part.guard };
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
