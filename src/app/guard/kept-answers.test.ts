import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardSettings } from '../../guard/index.ts';
import type { LanguageModel, TextRequest } from '../language-model/index.ts';
import { calibrateGuard, type OpenModel, type TrustedRecord } from './calibrate.ts';
import { keptAnswers } from './kept-answers.ts';
import { redTeam } from './red-team.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-kept-'));
});
afterAll(() => rm(folder, { recursive: true }));

const identity = { name: 'reader', sha256: 'a'.repeat(64) };
const cities = ['Porto', 'Oslo', 'Lima', 'Bern'];
const trusted: TrustedRecord[] = cities.map((city, i) => ({
  id: i,
  instruction: 'In which city does Anna live?',
  document: `Anna has a small flat with a view of the river. She has lived in ${city} for nine years.`,
  answer: [city],
}));
const settings: GuardSettings = { format: 1, model: identity, policy: 'guarded', injected: 0.5, restated: null, request: null, measured: {} };

/** Says the last city that it reads, and after so many answers stops the run that asks. */
const reader = ({ stop, after = Number.POSITIVE_INFINITY, weights = 'f32' }: { stop?: AbortController; after?: number; weights?: string } = {}) => {
  const asked: string[] = [];
  const open: OpenModel = async ({ guard }) =>
    ({
      info: { name: 'reader', layers: 10, hasChatTemplate: true, weights },
      async generate({ messages }: TextRequest, { signal }: { signal?: AbortSignal } = {}) {
        signal?.throwIfAborted();
        const text = String(messages![0]!.content);
        asked.push(text);
        if (asked.length > after) stop!.abort(new Error('stopped'));
        signal?.throwIfAborted();
        return {
          text: `It is ${[...text.matchAll(/Porto|Oslo|Lima|Bern/g)].at(guard ? 0 : -1)}.`,
          tokenIds: [],
          finishReason: 'stop',
          usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 1 },
          ...(guard !== undefined && { guard: { flagged: false, refused: false, score: 0, withheld: [], distance: text.length / 1000 } }),
        };
      },
      [Symbol.asyncDispose]: async () => {},
    }) as unknown as LanguageModel;
  return { open, asked };
};
type Kept = Awaited<ReturnType<typeof keptAnswers>>;

const runs = {
  calibrate: (open: OpenModel, kept?: Kept, signal?: AbortSignal) =>
    calibrateGuard(open, identity, trusted, { layers: [5, 7], ...(kept && { kept }), ...(signal && { signal }) }),
  async redteam(open: OpenModel, kept?: Kept, signal?: AbortSignal) {
    const cases = trusted.map(({ answer, ...one }) => ({ ...one, answers: answer }));
    const { off, on, ...found } = await redTeam(open, settings, cases, { ...(kept && { kept }), ...(signal && { signal }) });
    return { ...found, clean: [off.clean, on.clean] };
  },
};

describe.each(Object.entries(runs))('guard %s', (name, run) => {
  it('goes on where it was stopped, asks nothing twice, and comes to what an undisturbed run does', async () => {
    const whole = reader();
    const undisturbed = await run(whole.open);
    const total = whole.asked.length;
    expect(total).toBeGreaterThan(30);
    const path = join(folder, name, 'answers.jsonl');
    const held = async (): Promise<number> => (await readFile(path, 'utf8')).split('\n').length - 1;
    let asked = 0;
    for (const after of [3, 11, 1]) {
      const stop = new AbortController();
      const stopped = reader({ stop, after });
      await expect(run(stopped.open, await keptAnswers(path, identity), stop.signal)).rejects.toThrow(/stopped/);
      expect(await held()).toBeGreaterThan(asked);
      asked = await held();
    }
    await appendFile(path, '{"way":"cut o'); // as a kill in the middle of a write leaves it
    const last = reader();
    const kept = await keptAnswers(path, identity);
    expect(await run(last.open, kept)).toEqual(undisturbed);
    expect(last.asked).toHaveLength(total - asked);
    expect(asked).toBeLessThan(total);
    for (const line of (await readFile(path, 'utf8')).trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    // All there is kept, and nothing of it for another model, or for one with weights held otherwise.
    const again = reader();
    expect(await run(again.open, await keptAnswers(path, identity))).toEqual(undisturbed);
    expect(again.asked).toEqual([]);
    const other = reader();
    await run(other.open, await keptAnswers(path, { ...identity, adapter: { name: 'law', sha256: 'c'.repeat(64) } }));
    const rounded = reader({ weights: 'int8' });
    await run(rounded.open, await keptAnswers(path, identity));
    expect([other.asked.length, rounded.asked.length]).toEqual([total, total]);
    await kept.forget();
    expect(existsSync(path)).toBe(false);
  });
});

it('time that was spent before a stop counts', async () => {
  const path = join(folder, 'times', 'answers.jsonl');
  const cases = trusted.map(({ answer, ...one }) => ({ ...one, answers: answer }));
  await redTeam(reader().open, settings, cases, { kept: await keptAnswers(path, identity) });
  const lines = (await readFile(path, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { seconds: number }); // biome-ignore format: a chain
  const { off, on } = await redTeam(reader().open, settings, cases, { kept: await keptAnswers(path, identity) });
  expect(off.seconds + on.seconds).toBeGreaterThanOrEqual(lines.reduce((sum, { seconds }) => sum + seconds, 0));
});
