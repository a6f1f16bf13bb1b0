import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJobs, type JobEvent, type JobOutcome } from './jobs.ts';

const nothing: JobOutcome = { result: {}, skipped: [] };
const ended = (jobs: ReturnType<typeof createJobs>, id: string) =>
  new Promise<JobEvent[]>((resolve) => {
    const events: JobEvent[] = [];
    const stop = jobs.subscribe(id, 0, (event) => {
      events.push(event);
      if (event.job.endedAt === null) return;
      queueMicrotask(() => {
        stop();
        resolve(events);
      });
    });
  });

describe('jobs', () => {
  it('runs one at a time, in the order they were started', async () => {
    await using jobs = createJobs();
    const order: string[] = [];
    const started = ['a', 'b', 'c'].map(
      (title) =>
        jobs.start({ kind: 'read', title }, async () => {
          order.push(`${title} begins`);
          await sleep(5);
          order.push(`${title} ends`);
          return nothing;
        })!,
    );
    await ended(jobs, started[2]!.id);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(jobs.list().map(({ title }) => title)).toEqual(['c', 'b', 'a']);
  });

  it('numbers events without gaps, and resuming after any of them gives exactly the rest', async () => {
    await using jobs = createJobs();
    const job = jobs.start({ kind: 'read', title: 'x' }, async ({ progress }) => {
      for (let done = 0; done < 3; done++) {
        progress({ stage: 'read', done, total: 3, current: null, perSecond: null, secondsLeft: null });
        await sleep(120);
      }
      return { result: { documents: 3 }, skipped: [], notes: ['one is long'] };
    })!;
    const events = await ended(jobs, job.id);
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: events.length + 2 }), (after) => {
        const rest: number[] = [];
        jobs.subscribe(job.id, after, ({ number }) => rest.push(number))();
        expect(rest).toEqual(events.map(({ number }) => number).filter((number) => number > after));
      }),
    );
    expect(events[0]!.job.notes).toEqual([]);
    expect(events.at(-1)!.job).toMatchObject({ state: 'done', result: { documents: 3 }, notes: ['one is long'], progress: { done: 2 } });
  });

  it('passes on at most a few events a second, and always the last progress', async () => {
    await using jobs = createJobs();
    const job = jobs.start({ kind: 'read', title: 'x' }, async ({ progress }) => {
      for (let done = 1; done <= 5000; done++) progress({ stage: 'read', done, total: 5000, current: null, perSecond: null, secondsLeft: null });
      return nothing;
    })!;
    const events = await ended(jobs, job.id);
    expect(events.length).toBeLessThan(10);
    expect(events.at(-1)!.job.progress!.done).toBe(5000);
  });

  it('cancels what runs and what waits', async () => {
    await using jobs = createJobs();
    const work = ({ signal }: { signal: AbortSignal }) => new Promise<JobOutcome>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const running = jobs.start({ kind: 'read', title: 'running' }, work)!;
    const waiting = jobs.start({ kind: 'read', title: 'waiting' }, () => Promise.reject(new Error('must not run')))!;
    await sleep(5);
    expect(jobs.cancel(waiting.id)).toBe(true);
    expect(jobs.cancel(running.id)).toBe(true);
    await ended(jobs, running.id);
    await sleep(5);
    expect(jobs.find(running.id)).toMatchObject({ state: 'cancelled', error: null });
    expect(jobs.find(waiting.id)).toMatchObject({ state: 'cancelled', error: null });
    expect(jobs.cancel(running.id)).toBe(false);
  });

  it('keeps the code and message of a failure', async () => {
    await using jobs = createJobs();
    const job = jobs.start({ kind: 'read', title: 'x' }, async () => {
      throw Object.assign(new Error('disk full'), { code: 'STORAGE' });
    })!;
    await ended(jobs, job.id);
    expect(jobs.find(job.id)).toMatchObject({ state: 'failed', error: { code: 'STORAGE', message: 'disk full' } });
  });

  it('refuses work beyond its queue', async () => {
    await using jobs = createJobs();
    const work = ({ signal }: { signal: AbortSignal }) => new Promise<JobOutcome>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const started = Array.from({ length: 12 }, () => jobs.start({ kind: 'read', title: 'x' }, work));
    await sleep(1);
    expect(started.filter((job) => job === undefined).length).toBeGreaterThan(0);
    expect(started.filter((job) => job !== undefined).length).toBeGreaterThan(4);
  });
});
