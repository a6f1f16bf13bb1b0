import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fit, printed } from '../examples/fit-a-line.ts';
import { answer } from '../examples/generate.ts';
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
});
