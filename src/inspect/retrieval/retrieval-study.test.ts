import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { madeEncoder, madeStories } from '../testing/made-stories.ts';
import { type OpenedParts, openPartsFixture } from '../testing/open-parts-fixture.ts';
import { differenceOf } from './effects-towards.ts';
import { overlapOf, strongOf } from './overlap.ts';
import { patternsTaken } from './patterns-taken.ts';
import { retrievalRuns } from './retrieval-result.ts';
import { type StudyKept, studyRetrieval } from './retrieval-study.ts';
import { studyStories } from './study-stories.ts';

describe('studyStories', () => {
  it('asks each story for every variable, and finds the tokens of its values', () => {
    const encoder = madeEncoder();
    const data = madeStories();
    const stories = studyStories(data, encoder, { count: 6, seed: 1 });
    const texts = new Set<string>();
    for (const { prompts, values, span } of stories) {
      const ids = prompts.get('where')!;
      const told = data.stories.find(({ story }) => encoder.encode(story).join() === ids.slice(...span).join() || encoder.encode(`\n${story}`).slice(1).join() === ids.slice(...span).join())!; // biome-ignore format: one chain
      texts.add(told.story);
      for (const [variable, { value, token, places }] of values) {
        expect(value).toBe(told.seed[variable]);
        expect([token]).toEqual(encoder.encode(` ${value}`));
        expect(places).toHaveLength(told.story.split(value).length - 1);
        for (const place of places) {
          expect(place).toBeGreaterThanOrEqual(span[0]);
          expect(place).toBeLessThan(span[1]);
          expect([encoder.encode(value)[0], token]).toContain(ids[place]);
        }
        expect(prompts.get(variable)!.slice(0, span[1])).toEqual(ids.slice(0, span[1]));
      }
    }
    expect(texts.size).toBe(6);
    expect(() => studyStories(data, encoder, { count: 7, seed: 1 })).toThrow(/expected 2 to 6 stories, got 7/);
  });
});

describe('patternsTaken', () => {
  it('takes weights at some places from another row, a head each, and lets the row sum to one', () => {
    const own = Float32Array.of(0.25, 0.25, 0.5, 0.5, 0.25, 0.25);
    const other = Float32Array.of(0.1, 0.6, 0.2, 0.1, 0.75, 0, 0, 0.25);
    expect([...patternsTaken(own, other, 2, [0, 1])].map((weight) => Math.round(weight * 1e4) / 1e4)).toEqual([0.0833, 0.5, 0.4167, 0.75, 0, 0.25]);
    expect(patternsTaken(own, own, 2, [0, 1, 2])).toEqual(own);
  });
});

describe('overlap', () => {
  it('is intersection over union of what is above a threshold on either side', () => {
    expect([...strongOf([0.1, -0.2, 0.05, 0.3], 0.09)]).toEqual([0, 1, 3]);
    expect(overlapOf(new Set([0, 1, 3]), new Set([1, 3, 4]))).toBe(0.5);
    expect(overlapOf(new Set(), new Set())).toBeUndefined();
    expect(differenceOf([3, 1, 2], 0)).toBe(1.5);
  });
});

describe.each(['llama', 'gpt-neox', 'gemma3'])('a study of %s', (name) => {
  let engine: Engine;
  let opened: OpenedParts;
  beforeAll(async () => {
    engine = await openEngine({ threads: 1 });
    opened = await openPartsFixture(engine, name);
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  const asked = { source: 'who', target: 'when', prompts: 6, resamples: 2, stories: madeStories() } as const;

  it('patches as the sweep does, at every layer', async () => {
    const whole = await studyRetrieval(opened.parts, madeEncoder(), asked);
    expect(whole.curves!.find(({ layer }) => layer === whole.layer)!.requested).toBe(Math.max(...whole.curves!.map(({ requested }) => requested)));
    for (const { layer, requested, own } of whole.curves!) {
      const { outcomes, curves } = await studyRetrieval(opened.parts, madeEncoder(), { ...asked, layer });
      expect(outcomes.patched.requested.value).toBeCloseTo(requested, 5);
      expect(outcomes.patched.own.value).toBeCloseTo(own, 5);
      expect(curves).toBeNull();
    }
  });

  it('tells of all runs and components, the same for the same seed', async () => {
    const steps: number[] = [];
    const found = await studyRetrieval(opened.parts, madeEncoder(), { ...asked, onProgress: (done, total) => steps.push(done / total) });
    const { layers, heads } = opened.parts.config;
    expect(found.components).toHaveLength(layers * (heads + 1));
    expect(Object.keys(found.outcomes)).toEqual([...retrievalRuns]);
    for (const { requested } of Object.values(found.outcomes)) expect(requested.low).toBeLessThanOrEqual(requested.high);
    for (const { attention } of found.components) for (const share of Object.values(attention ?? {})) expect(Math.abs(share - 0.5)).toBeLessThanOrEqual(0.5);
    for (const { value } of [found.overlap.patched, found.overlap.resampled, found.overlap.others]) expect(value >= 0 && value <= 1).toBe(true);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
    expect(await studyRetrieval(opened.parts, madeEncoder(), asked)).toEqual(found);
  });

  it('goes on where it was cut off, to the very same figures', async () => {
    const kept: StudyKept[] = [];
    const whole = await studyRetrieval(opened.parts, madeEncoder(), { ...asked, onKept: (found) => void kept.push(JSON.parse(JSON.stringify(found))) });
    expect(kept.map(({ stories }) => stories.length)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const at of [0, 3, 6]) {
      let measured = 0;
      const steps: number[] = [];
      const again = await studyRetrieval(opened.parts, madeEncoder(), {
        ...asked,
        kept: kept[at],
        onKept: () => void measured++,
        onProgress: (done, total) => steps.push(done / total),
      });
      expect(again).toEqual(whole);
      expect(measured).toBe(6 - at);
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
      expect(steps.at(-1)).toBe(1);
    }
    const stop = new AbortController();
    const onKept = ({ stories }: StudyKept): void => {
      if (stories.length === 2) stop.abort(new Error('enough'));
    };
    const stopped = studyRetrieval(opened.parts, madeEncoder(), { ...asked, signal: stop.signal, onKept });
    await expect(stopped).rejects.toThrow('enough');
  });

  it('refuses what there is not', async () => {
    const study = (options: object) => studyRetrieval(opened.parts, madeEncoder(), { ...asked, ...options });
    await expect(study({ source: 'why' })).rejects.toThrow(/expected variables among who, where, when, got why/);
    await expect(study({ source: 'when' })).rejects.toThrow(/expected two variables, got when twice/);
    await expect(study({ layer: 9 })).rejects.toThrow(/expected a layer from 1 to \d+, got 9/);
    await expect(study({ resamples: 0 })).rejects.toThrow(/expected at least one resample, got 0/);
  });
});
