import type { JSX } from 'preact';
import { models } from '../state/data.ts';
import { number } from '../state/words.ts';
import { underWay } from './chat-state.ts';
import { lookedAnswer } from './chosen-token.ts';
import { loadedModel } from './model-choice.ts';

/** "340 ms", "2.1 s". */
export const secondsOf = (seconds: number): string => (seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`);
/** "412 MB", "1.8 GB". */
export const bytesOf = (bytes: number): string => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

/** Tokens a second of the answer under way, once there are two. */
const liveRate = (): number | null => {
  const now = underWay.value;
  return now?.firstMs != null && now.tokens > 1 && now.nowMs > now.firstMs ? ((now.tokens - 1) / (now.nowMs - now.firstMs)) * 1000 : null;
};

/** How fast, how much memory, how full: of the answer under way, else of the one looked at. */
export function Gauges(): JSX.Element {
  const figures = underWay.value ? null : lookedAnswer.value?.figures;
  const rate = underWay.value ? liveRate() : (figures?.tokensPerSecond ?? null);
  const first = underWay.value
    ? underWay.value.firstMs !== null
      ? (underWay.value.firstMs - underWay.value.beganMs) / 1000
      : null
    : (figures?.firstTokenSeconds ?? null);
  const loaded = loadedModel.value ?? models.data.value?.loaded ?? null;
  const held = figures ? figures.promptTokens + figures.completionTokens : null;
  const most = figures?.context ?? loaded?.context ?? null;
  const gauges = [
    { name: 'tokens/s', value: rate === null ? '–' : rate.toFixed(1), says: 'Tokens a second after the first' },
    { name: 'to first', value: first === null ? '–' : secondsOf(first), says: 'From the question to the first token' },
    {
      name: 'memory',
      value: loaded?.memoryBytes ? bytesOf(loaded.memoryBytes) : '–',
      says: loaded?.cacheBytes
        ? `Resident memory of the model’s process, ${bytesOf(loaded.cacheBytes)} of it for the texts it has read`
        : 'Resident memory of the model’s process',
    },
  ];
  return (
    <dl class="gauges">
      {gauges.map(({ name, value, says }) => (
        <div key={name} title={says}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div class="fill" title="How much of what the model can hold the conversation takes, up to the answer">
        <dt>context</dt>
        <dd>
          {held !== null && most ? (
            <>
              <meter min={0} max={most} value={held} aria-label="Context that is filled" />
              {number(held)} <span class="quiet">of {number(most)}</span>
            </>
          ) : most ? (
            <span class="quiet">{number(most)}</span>
          ) : (
            '–'
          )}
        </dd>
      </div>
    </dl>
  );
}
