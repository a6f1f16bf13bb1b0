import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { beside, teach } from '../examples/adapt.ts';
import { headsBehind } from '../examples/edit-sites.ts';
import { fit, printed } from '../examples/fit-a-line.ts';
import { answer } from '../examples/generate.ts';
import { continuations, scaled, withoutHead } from '../examples/generate-edited.ts';
import { readSamples } from '../src/adapt/index.ts';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

describe('examples', () => {
  it('fit-a-line finds the line', async () => {
    const { weight, loss } = await fit(200);
    expect(weight[0]).toBeCloseTo(3, 3);
    expect(weight[1]).toBeCloseTo(-2, 3);
    expect(loss).toBeLessThan(1e-6);
    expect(printed).toContain('matmul');
  });

  it('generate answers piece by piece', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lyceum-example-'));
    const before = process.env['LYCEUM_HOME'];
    process.env['LYCEUM_HOME'] = join(folder, 'home');
    try {
      const { pieces, text, likelier } = await answer(await writeTinyModel(join(folder, 'tiny')), 'Is it?');
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.join('')).toBe(text);
      expect(['Yes', 'No']).toContain(likelier);
    } finally {
      if (before === undefined) delete process.env['LYCEUM_HOME'];
      else process.env['LYCEUM_HOME'] = before;
      await rm(folder, { recursive: true });
    }
  });

  it('edit-sites takes every head away, and estimates what that costs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lyceum-example-'));
    vi.stubEnv('LYCEUM_HOME', join(folder, 'home'));
    try {
      const { answer: said, heads } = await headsBehind(await writeTinyModel(join(folder, 'tiny')), 'Is it?');
      expect(said).toEqual(expect.any(String));
      expect(heads.map(({ block, head }) => [block, head])).toEqual([0, 1].flatMap((block) => [0, 1, 2, 3].map((head) => [block, head])));
      // Random weights are far from linear but for the last block.
      for (const { block, lost, estimated } of heads) {
        expect(Math.abs(lost)).toBeGreaterThan(0.05);
        if (block === 1) expect(Math.abs(lost - estimated)).toBeLessThan(0.2);
      }
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });

  it('generate-edited answers as the edited model does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lyceum-example-'));
    vi.stubEnv('LYCEUM_HOME', join(folder, 'home'));
    try {
      const site = 'blocks.1.mlp.down';
      const texts = await continuations(await writeTinyModel(join(folder, 'tiny')), 'Is it?', [[], withoutHead, scaled(site, 9), scaled(site, 1)]);
      expect(new Set(texts.slice(0, 3)).size).toBe(3);
      expect(texts[3]).toBe(texts[0]);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });

  it('adapt teaches a model, and its loss falls', async () => {
    expect(beside().sort()).toEqual(['a', 'b', 'route'].map((part) => `blocks.0.mlp.up.loramoe.${part}`));
    const folder = await mkdtemp(join(tmpdir(), 'lyceum-example-'));
    vi.stubEnv('LYCEUM_HOME', join(folder, 'home'));
    try {
      const {
        folder: run,
        loss,
        text,
      } = await teach(await writeTinyModel(join(folder, 'tiny')), join(folder, 'runs'), { length: 128, epochs: 1, learningRate: 0.02 });
      const held = loss.flatMap(({ heldOut }) => heldOut ?? []);
      expect(held.at(-1)).toBeLessThan(0.9 * held[0]!);
      expect(text).toEqual(expect.any(String));
      expect(await readFile(join(run, 'report.html'), 'utf8')).toContain('weather-station');
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  it('the samples to adapt with are of two kinds, each in its own words', async () => {
    const { samples, kinds, skipped, duplicates, renamed } = await readSamples('examples/instructions/weather-station.jsonl');
    expect(samples.length).toBeGreaterThanOrEqual(120);
    expect(Object.keys(kinds)).toEqual(['handbook', 'ticket']);
    expect([skipped, duplicates, renamed]).toEqual([[], [], []]);
  });
});
