import { expect, it } from 'vitest';
import { toldWork } from './told-work.ts';

it('tells what came between two questions once, then what the work ended with', async () => {
  const work = toldWork<{ steps: number }, string>({ steps: 0 });
  const first = work.next();
  for (let i = 0; i < 3; i++) work.tell(({ steps }) => ({ steps: steps + 1 }));
  expect(await first).toEqual({ news: { steps: 3 } });
  const last = work.next();
  work.follow(Promise.resolve('done'));
  expect(await last).toEqual({ news: { steps: 3 }, outcome: 'done' });
});

it('hands on why the work failed, also to who asks later', async () => {
  const work = toldWork<null, string>(null);
  work.follow(Promise.reject(new Error('no memory')));
  await expect(work.next()).rejects.toThrow('no memory');
  await expect(work.next()).rejects.toThrow('no memory');
});

it('passes a stop on to the work', async () => {
  const work = toldWork<null, string>(null);
  expect(work.signal.aborted).toBe(false);
  await work.stop();
  expect(work.signal.aborted).toBe(true);
});
