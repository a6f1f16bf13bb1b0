import { batch, computed, effect, signal } from '@preact/signals';
import { askModel, type GuardVerdict } from '../chat/ask-model.ts';
import { defaultSettings } from '../chat/conversation.ts';
import { chosenModel as chattedModel, ensureLoaded, generating, wordsOf } from '../chat/model-choice.ts';
import { post, RequestError } from '../state/api.ts';
import { models } from '../state/data.ts';
import { resource } from '../state/resource.ts';
import { go, inspectedModel, namedGuard, namedPolicy, page } from '../state/route.ts';
import type { GuardScanned, Guards } from '../state/types.ts';
import { askedText, type Policy, policies, type Watch } from './verdict.ts';

export const guards = resource<Guards>(() => (page.value === 'guard' ? '/api/guards' : null), []);

/** The model that is asked: the one of the address, else the one of the Chat page. */
export const chosenModel = computed(() => (generating.value.some(({ name }) => name === inspectedModel.value) ? inspectedModel.value : chattedModel.value));
/** The guard: the one of the address, which the server may not know, else the one that ships. */
export const guardName = computed(() => namedGuard.value || 'shipped');
export const guard = computed(() => guards.data.value?.guards.find(({ name }) => name === guardName.value) ?? null);
export const policy = computed<Policy>(() => policies.find((one) => one === namedPolicy.value) ?? guard.value?.policy ?? 'guarded');

// What was written stays while this tab lives, and no longer: it may be somebody's letter.
const draftKey = 'lyceum.guard';
const kept = (() => {
  try {
    const { document, question } = JSON.parse(sessionStorage.getItem(draftKey) ?? '{}') as Record<string, unknown>;
    return { document: typeof document === 'string' ? document : '', question: typeof question === 'string' ? question : '' };
  } catch {
    return { document: '', question: '' };
  }
})();
export const documentDraft = signal(kept.document);
export const questionDraft = signal(kept.question);
effect(() => {
  try {
    sessionStorage.setItem(draftKey, JSON.stringify({ document: documentDraft.value, question: questionDraft.value }));
  } catch {
    // Too long for this browser: it is gone with the page.
  }
});

/** What was judged, by which guard, and what was asked of it. */
export interface Judged {
  readonly document: string;
  readonly question: string;
  readonly guard: string;
  readonly scanned: GuardScanned;
}
export const judged = signal<Judged | null>(null);
export const judgeTrouble = signal<string | null>(null);
/** The document is written, not looked at. */
export const isEditing = signal(true);

export type Side = 'off' | 'on';
/** One of the two answers. */
export interface Said {
  readonly text: string;
  readonly state: 'loading' | 'reading' | 'done' | 'stopped' | 'failed';
  readonly error: string | null;
  readonly verdict: GuardVerdict | null;
}
export interface Both {
  readonly document: string;
  readonly question: string;
  readonly model: string;
  readonly guard: string;
  readonly watch: Watch;
  readonly policy: Policy;
  readonly off: Said;
  readonly on: Said;
}
export const both = signal<Both | null>(null);
export const underWay = signal<AbortController | null>(null);
export const stop = (): void => underWay.peek()?.abort(new DOMException('stopped', 'AbortError'));

/** What is shown is of other words, or of another guard, than those that stand there. */
export const isOld = computed(() => {
  const shown = both.value ?? judged.value;
  if (!shown) return false;
  const others = both.value !== null && (both.value.model !== chosenModel.value || both.value.policy !== policy.value);
  return others || shown.guard !== guardName.value || shown.document !== documentDraft.value || shown.question !== questionDraft.value.trim();
});

export const takeDocument = (document: string, question?: string): void =>
  batch(() => {
    documentDraft.value = document;
    if (question !== undefined) questionDraft.value = question;
    isEditing.value = true;
    judgeTrouble.value = null;
  });

const change = (side: Side, part: Partial<Said>): void => {
  const now = both.peek();
  if (now) both.value = { ...now, [side]: { ...now[side], ...part } };
};

async function judge(document: string, question: string, name: string, signal: AbortSignal): Promise<void> {
  try {
    const scanned = await post<GuardScanned>('/api/guard/scan', { document, guard: name, ...(question !== '' && { instruction: question }) }, signal);
    batch(() => {
      judged.value = { document, question, guard: name, scanned };
      isEditing.value = false;
    });
    go({ sentence: null }, { replace: true });
  } catch (error) {
    if (!signal.aborted) judgeTrouble.value = wordsOf(error);
  }
}

const mostTokens = 160;

async function sayAs(side: Side, { model, document, question, policy: does }: Both, chats: boolean, signal: AbortSignal): Promise<void> {
  change(side, { state: 'reading' });
  let text = '';
  let verdict: GuardVerdict | null = null;
  let frame = 0;
  const show = () => {
    frame = 0;
    change(side, { text });
  };
  const asked = {
    model,
    chats,
    turns: [{ id: side, role: 'user' as const, text: askedText(document, question, chats) }],
    settings: { ...defaultSettings, temperature: 0, topP: 1, maxTokens: mostTokens },
    seed: 1,
    guard: side === 'on' ? does : 'off',
  };
  try {
    await askModel(asked, signal, (part) => {
      text += part.text;
      verdict = part.guard ?? verdict;
      frame ||= requestAnimationFrame(show);
    });
    change(side, { state: 'done' });
  } catch (error) {
    const isLong = error instanceof RequestError && error.code === 'context_length_exceeded';
    const words = isLong ? 'The document is longer than the model can hold. Shorten it, or choose another model.' : wordsOf(error);
    change(side, signal.aborted ? { state: 'stopped' } : { state: 'failed', error: words });
  } finally {
    cancelAnimationFrame(frame);
    change(side, { text, verdict });
  }
}

async function answer(asked: Both, signal: AbortSignal): Promise<void> {
  try {
    const { chats } = await ensureLoaded(asked.model, signal, { guard: asked.guard });
    await Promise.all((['off', 'on'] as const).map((side) => sayAs(side, asked, chats, signal)));
  } catch (error) {
    for (const side of ['off', 'on'] as const) change(side, signal.aborted ? { state: 'stopped' } : { state: 'failed', error: wordsOf(error) });
  }
}

const blank: Said = { text: '', state: 'loading', error: null, verdict: null };

/** Why nothing can be asked, or judged; null where it can. */
export const judgeHindrance = computed(() => (documentDraft.value.trim() === '' ? 'Give it a document.' : null));
export const askHindrance = computed(() => judgeHindrance.value ?? (questionDraft.value.trim() === '' ? 'Ask something of it.' : null));

async function work(does: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const own = new AbortController();
  batch(() => {
    underWay.value = own;
    judgeTrouble.value = null;
  });
  await does(own.signal);
  if (underWay.peek() === own) underWay.value = null;
  models.refresh();
}

/** Judges the document; no model is asked. */
export async function judgeOnly(): Promise<void> {
  if (underWay.peek() || judgeHindrance.peek() !== null) return;
  both.value = null;
  await work((signal) => judge(documentDraft.peek(), questionDraft.peek().trim(), guardName.peek(), signal));
}

/** Judges the document, and has the model answer without the guard and behind it, side by side. */
export async function askBoth(): Promise<void> {
  if (underWay.peek() || askHindrance.peek() !== null || chosenModel.peek() === '') return;
  const asked: Both = {
    document: documentDraft.peek(),
    question: questionDraft.peek().trim(),
    model: chosenModel.peek(),
    guard: guardName.peek(),
    watch: { apart: guard.peek()?.apart ?? null, held: guard.peek()?.held ?? null },
    policy: policy.peek(),
    off: blank,
    on: blank,
  };
  both.value = asked;
  await work((signal) => Promise.all([judge(asked.document, asked.question, asked.guard, signal), answer(asked, signal)]));
}
