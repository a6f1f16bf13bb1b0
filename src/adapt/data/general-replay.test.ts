import { expect, it } from 'vitest';
import { generalReplayPath } from './general-replay.ts';
import { readSamples } from './read-samples.ts';

it('general replay is read whole, in three shapes and many topics', async () => {
  const { samples, shapes, kinds, skipped, renamed, duplicates } = await readSamples(generalReplayPath, { kindField: 'topic' });
  expect([skipped, renamed, duplicates]).toEqual([[], [], []]);
  expect(samples.length).toBeGreaterThanOrEqual(240);
  expect(Object.keys(shapes).sort()).toEqual(['chat', 'instruction', 'text']);
  expect(Object.keys(kinds).length).toBeGreaterThanOrEqual(10);
});
