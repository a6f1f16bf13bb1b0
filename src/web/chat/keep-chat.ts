import { type Answer, defaultSettings, type Settings, type Turn } from './conversation.ts';

/** What a browser keeps of the Chat page between visits. */
export interface KeptChat {
  readonly settings: Settings;
  readonly turns: readonly Turn[];
  /** Tokens are shown with their probabilities. */
  readonly showTokens: boolean;
}

const format = 1;
export const chatKey = 'lyceum.chat';

export const emptyChat: KeptChat = { settings: defaultSettings, turns: [], showTokens: true };

const number = (value: unknown, low: number, high: number, otherwise: number): number =>
  typeof value === 'number' && value >= low && value <= high ? value : otherwise;

function readSettings(given: Partial<Settings> | undefined): Settings {
  const { model, system, temperature, topP, maxTokens, seed } = given ?? {};
  return {
    model: typeof model === 'string' ? model : '',
    system: typeof system === 'string' ? system : '',
    temperature: number(temperature, 0, 2, defaultSettings.temperature),
    topP: number(topP, 0, 1, defaultSettings.topP),
    maxTokens: number(maxTokens, 1, 1e6, defaultSettings.maxTokens),
    seed: typeof seed === 'number' && Number.isSafeInteger(seed) ? seed : null,
  };
}

const isTurn = (turn: Turn | null | undefined): turn is Turn =>
  typeof turn?.id === 'string' && typeof turn.text === 'string' && (turn.role === 'user' || (turn.role === 'assistant' && Array.isArray(turn.units)));

/** Reads what was kept. What is not of this form, of a newer version for one, counts as nothing; an answer that was being written was stopped. */
export function parseChat(text: string | null): KeptChat {
  try {
    const { format: found, settings, turns, showTokens } = JSON.parse(text ?? '') as Partial<KeptChat> & { format?: unknown };
    if (found !== format || !Array.isArray(turns) || !turns.every(isTurn)) return emptyChat;
    return {
      settings: readSettings(settings),
      turns: turns.map((turn) => (turn.role === 'assistant' && turn.end === null ? { ...turn, end: 'stopped' as const } : turn)),
      showTokens: showTokens !== false,
    };
  } catch {
    return emptyChat;
  }
}

const withoutTokens = (answer: Answer): Answer => ({ ...answer, units: [{ text: answer.text, tokens: [] }] });

/** Keeps it. Where there is not room for all, the oldest answers lose their probabilities first; answers what was kept whole. */
export function keepChat(store: Pick<Storage, 'setItem'>, { settings, turns, showTokens }: KeptChat): 'whole' | 'less' | 'nothing' {
  let kept = [...turns];
  for (let at = 0; at <= turns.length; at++) {
    try {
      store.setItem(chatKey, JSON.stringify({ format, settings, turns: kept, showTokens }));
      return at === 0 ? 'whole' : 'less';
    } catch {
      // Full: one answer less, and again.
      const next = kept.findIndex((turn) => turn.role === 'assistant' && turn.units.some(({ tokens }) => tokens.length > 0));
      if (next < 0) return 'nothing';
      kept = kept.with(next, withoutTokens(kept[next] as Answer));
    }
  }
  return 'nothing';
}
