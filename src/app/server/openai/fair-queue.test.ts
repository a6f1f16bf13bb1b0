import { expect, it } from 'vitest';
import { createFairQueue } from './fair-queue.ts';

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

it('serves clients in turn, and each in order', async () => {
  const queue = createFairQueue({ slots: 1, most: 10 });
  const order: string[] = [];
  const ask = (client: string, name: string) => {
    const [place] = queue.enter(client, 1)!;
    return place!.turn(never).then(() => {
      order.push(name);
      place![Symbol.dispose]();
    });
  };
  const all = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask('c', 'c1'), ask('b', 'b2')];
  await Promise.all(all);
  expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  expect([queue.active, queue.waiting]).toEqual([0, 0]);
});

it('takes all places or none, and says when to come again', () => {
  const queue = createFairQueue({ slots: 2, most: 3 });
  expect(queue.enter('a', 6)).toBeUndefined();
  const places = queue.enter('a', 5)!;
  expect([queue.active, queue.waiting]).toEqual([2, 3]);
  expect(queue.enter('b', 1)).toBeUndefined();
  expect(queue.retryAfterSeconds()).toBeGreaterThanOrEqual(1);
  places[4]![Symbol.dispose]();
  places[4]![Symbol.dispose]();
  expect([queue.active, queue.waiting]).toEqual([2, 2]);
  expect(queue.enter('b', 1)).toHaveLength(1);
  places[0]![Symbol.dispose]();
  expect([queue.active, queue.waiting]).toEqual([2, 2]);
});

it('lets who waits leave', async () => {
  const queue = createFairQueue({ slots: 1, most: 3 });
  const [first] = queue.enter('a', 1)!;
  const [second] = queue.enter('a', 1)!;
  const [third] = queue.enter('b', 1)!;
  const abort = new AbortController();
  const turn = second!.turn(abort.signal);
  abort.abort(new Error('enough'));
  await expect(turn).rejects.toThrow('enough');
  await expect(second!.turn(abort.signal)).rejects.toThrow('enough');
  second![Symbol.dispose]();
  first![Symbol.dispose]();
  await third!.turn(never);
  await settle();
  expect([queue.active, queue.waiting]).toEqual([1, 0]);
});
