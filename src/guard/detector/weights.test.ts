import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { FormatError, NotFoundError } from '../../core/index.ts';
import { uniformOf } from '../../train/index.ts';
import type { DetectorWeights } from './detector.ts';
import { featureNames, kindNames } from './features.ts';
import { readDetectorWeights, writeDetector } from './weights.ts';

const [width, hidden] = [6, 3];
const random = (seed: number, count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => uniformOf(seed, i) + 0.01);
const weights: DetectorWeights = {
  width,
  threshold: 0.7,
  kinds: { weight: random(1, kindNames.length * width), bias: random(2, kindNames.length) },
  network: {
    mean: random(3, featureNames.length),
    spread: random(4, featureNames.length),
    first: random(5, hidden * featureNames.length),
    hiddenBias: random(6, hidden),
    second: random(7, hidden),
    bias: 0.25,
  },
};

describe('weights of a detector', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lyceum-detector-'));
  const [description, tensors] = [join(folder, 'detector.json'), join(folder, 'detector.safetensors')];
  beforeEach(() => writeDetector(folder, weights, { encoder: 'tests', training: {} }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const change = (edit: (json: Record<string, unknown>) => void): void => {
    const json = JSON.parse(readFileSync(description, 'utf8')) as Record<string, unknown>;
    edit(json);
    writeFileSync(description, JSON.stringify(json));
  };
  const failing = async (): Promise<Error> =>
    readDetectorWeights(folder).then(
      () => new Error('was read'),
      (error: Error) => error,
    );

  it('are read as they were written', async () => {
    expect(await readDetectorWeights(folder)).toEqual(weights);
  });

  it.each<[string, (json: Record<string, unknown>) => void, string]>([
    ['another version', (json) => Object.assign(json, { format: 2 }), 'format'],
    ['a key that nobody knows', (json) => Object.assign(json, { extra: 1 }), 'extra'],
    ['features in another order', (json) => (json['features'] as string[]).reverse(), 'features'],
    ['a threshold that flags all', (json) => Object.assign(json, { threshold: 0 }), 'threshold'],
    ['a size that the tensors have not', (json) => Object.assign(json, { hidden: 4 }), 'expected float32 [4'],
    ['a hidden layer without end', (json) => Object.assign(json, { hidden: 1e9 }), 'hidden'],
    ['a file elsewhere', (json) => Object.assign(json['weights'] as object, { file: '../../x' }), 'weights.file'],
  ])('are refused with %s', async (_, edit, told) => {
    change(edit);
    const error = await failing();
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toContain(told);
  });

  it('are refused when a byte changed, when they hold NaN, and when they are not there', async () => {
    const bytes = readFileSync(tensors);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(tensors, bytes);
    expect((await failing()).message).toContain('SHA-256');
    await writeDetector(folder, { ...weights, network: { ...weights.network, bias: Number.NaN } }, { encoder: 'tests', training: {} });
    expect(await failing()).toBeInstanceOf(FormatError);
    await writeDetector(
      folder,
      { ...weights, network: { ...weights.network, spread: weights.network.spread.map(() => 0) } },
      { encoder: 'tests', training: {} },
    );
    expect((await failing()).message).toContain('features.spread');
    writeFileSync(description, '{"format":');
    expect((await failing()).message).toContain('expected JSON');
    await expect(readDetectorWeights(join(folder, 'nowhere'))).rejects.toBeInstanceOf(NotFoundError);
  });
});
