import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reading } from '../../reading.ts';
import { anyReading, anyReadings } from '../../testing/make-reading.ts';
import type { Decision, LoggedDecision, Store } from '../contract.ts';
import { openStore } from './store.ts';

async function exported(store: Store): Promise<string> {
  const lines: string[] = [];
  for await (const line of store.export()) lines.push(JSON.stringify(line));
  return lines.join('\n');
}

async function graphOf(readings: readonly Reading[], log: readonly LoggedDecision[] = []): Promise<string> {
  await using store = await openStore(':memory:');
  await store.addReadings(readings);
  await store.replay(log);
  return await exported(store);
}

const settings: LoggedDecision[] = [
  { number: 1, at: '', undone: false, decision: { type: 'setting', name: 'contains', value: 'paper' } },
  { number: 2, at: '', undone: false, decision: { type: 'setting', name: 'threshold', value: 2 } },
];
const runs = { numRuns: 60 };

test('add ∘ remove = identity, byte for byte, also with the substring rule at a low threshold', async () => {
  await fc.assert(
    fc.asyncProperty(anyReadings(6), anyReadings(3), fc.boolean(), async (kept, passing, low) => {
      const extra = passing.filter((reading) => !kept.some((other) => other.id === reading.id));
      await using store = await openStore(':memory:');
      if (low) await store.replay(settings);
      for (const reading of kept) await store.addReading(reading);
      const before = await exported(store);
      for (const reading of extra) await store.addReading(reading);
      await store.removeDocuments(extra.map((reading) => reading.id));
      expect(await exported(store)).toBe(before);
      expect(await store.check()).toEqual([]);
    }),
    runs,
  );
});

test('the order of adding, one by one or together, makes no difference', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyReadings(6).chain((readings) => fc.tuple(fc.constant(readings), fc.shuffledSubarray(readings, { minLength: readings.length }))),
      async ([readings, shuffled]) => {
        await using store = await openStore(':memory:');
        await store.replay(settings);
        for (const reading of shuffled) await store.addReading(reading);
        expect(await exported(store)).toBe(await graphOf(readings, settings));
      },
    ),
    runs,
  );
});

test('reading twice changes nothing; a newer reader replaces what the older one read', async () => {
  await fc.assert(
    fc.asyncProperty(anyReadings(4), anyReading, async (readings, other) => {
      await using store = await openStore(':memory:');
      await store.addReadings(readings);
      const before = await exported(store);
      for (const reading of readings) expect((await store.addReading(reading)).status).toBe('unchanged');
      expect(await exported(store)).toBe(before);
      const first = readings[0]!;
      const newer = { ...other, id: first.id, names: first.names, reader: 'hand/2' };
      expect((await store.addReading(newer)).status).toBe('reread');
      expect(await exported(store)).toBe(await graphOf([newer, ...readings.slice(1)]));
    }),
    runs,
  );
});

test('decisions and documents in any interleaving give the same graph, and taking all decisions back gives the first one', async () => {
  const names = fc.constantFrom(
    'neural network',
    'neural networks',
    'CRF',
    'conditional random field',
    'machine translation',
    'parser',
    'dataset',
    'hidden markov model',
  );
  const decision: fc.Arbitrary<Decision> = fc.oneof(
    fc.record({ type: fc.constant('merge' as const), names: fc.uniqueArray(names, { minLength: 2, maxLength: 3 }) }),
    fc.record({
      type: fc.constant('reject' as const),
      names: fc.uniqueArray(names, { minLength: 2, maxLength: 2 }).map((two) => [two[0]!, two[1]!] as [string, string]),
    }),
    fc.uniqueArray(names, { minLength: 2, maxLength: 5 }).map((all) => ({ type: 'split' as const, names: all.slice(0, 1), rest: all.slice(1) })),
    fc.record({ type: fc.constant('kind' as const), name: names, kind: fc.constantFrom('Metric', 'Task') }),
    fc.record({ type: fc.constant('rename' as const), name: names, to: fc.constantFrom('Renamed', 'Other') }),
    fc.record({ type: fc.constant('hide' as const), subject: names, relation: fc.constantFrom('USED-FOR', 'COMPARE'), object: names }),
    fc.constantFrom<Decision>(...settings.map((line) => line.decision)),
    fc.nat({ max: 4 }).map((number) => ({ type: 'undo' as const, number: number + 1 })),
  );
  await fc.assert(
    fc.asyncProperty(
      anyReadings(5),
      fc.array(decision, { minLength: 1, maxLength: 6 }),
      fc.array(fc.boolean(), { minLength: 11, maxLength: 11 }),
      async (readings, decisions, picks) => {
        const log = decisions.map((one, index) => ({ number: index + 1, at: '2026-01-01T00:00:00.000Z', decision: one, undone: false }));
        await using store = await openStore(':memory:');
        const [documents, lines] = [[...readings], [...log]];
        for (let step = 0; documents.length + lines.length > 0; step++) {
          if (lines.length === 0 || (picks[step] && documents.length > 0)) await store.addReading(documents.shift()!);
          else await store.replay([lines.shift()!]);
        }
        expect(await exported(store)).toBe(await graphOf(readings, log));
        expect(await store.check()).toEqual([]);
        for (let left = log.length; left > 0 && (await store.undo()); left--);
        expect(await store.undo()).toBeUndefined();
        expect(await exported(store)).toBe(await graphOf(readings));
      },
    ),
    { numRuns: 120 },
  );
});
