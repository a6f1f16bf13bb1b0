import { signal } from '@preact/signals';
import { token } from './api.ts';
import { runUpdates } from './data.ts';
import { eventParser, type StreamEvent } from './event-parser.ts';
import { refreshTopics } from './resource.ts';
import type { Run } from './types.ts';

export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');

const retryMs = [500, 1000, 2000, 4000];

function receive({ event, data }: StreamEvent): void {
  if (event === 'change') refreshTopics((JSON.parse(data) as { topics: string[] }).topics);
  if (event === 'run') {
    const run = JSON.parse(data) as Run;
    runUpdates.value = new Map(runUpdates.peek()).set(run.id, run);
  }
}

/**
 * Follows the server's notices for as long as the page is seen: a hidden tab gives its connection back (browsers keep few to one server)
 * and catches up when it is seen again.
 */
export function follow(): void {
  let stop: AbortController | null = null;
  let failures = 0;

  async function listen(): Promise<void> {
    stop?.abort();
    const mine = new AbortController();
    stop = mine;
    try {
      const bearer = token();
      const response = await fetch('/api/events', {
        signal: mine.signal,
        headers: { accept: 'text/event-stream', ...(bearer && { authorization: `Bearer ${bearer}` }) },
      });
      if (!response.ok || !response.body) throw new Error(String(response.status));
      if (connection.peek() !== 'live') {
        const isReturn = connection.peek() === 'lost' || failures > 0;
        connection.value = 'live';
        if (isReturn) refreshTopics(['*']);
      }
      failures = 0;
      const parse = eventParser(receive);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parse(value);
      }
      throw new Error('ended');
    } catch {
      if (mine.signal.aborted) return;
      failures += 1;
      connection.value = 'lost';
      setTimeout(
        () => {
          if (!mine.signal.aborted && !document.hidden) void listen();
        },
        retryMs[Math.min(failures, retryMs.length) - 1],
      );
    }
  }

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      stop?.abort();
      connection.value = 'connecting';
      failures = 1;
    } else void listen();
  });
  addEventListener('online', () => void listen());
  if (!document.hidden) void listen();
}
