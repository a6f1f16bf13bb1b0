import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LyceumError } from '../../core/index.ts';
import { parseLlama2c } from '../llama2c/llama2c.ts';
import { parseLlama2cTokenizer } from '../llama2c/llama2c-tokenizer.ts';
import { damage, ggufSample, openGgufBytes } from '../testing/gguf-files.ts';
import { llama2cSample, openLlama2cBytes, packTokenizer } from '../testing/llama2c-files.ts';
import { parseGguf } from './gguf-header.ts';

const headers = 50_000;
const files = 4_000;
const longestMs = 250;
const memoryBytes = 64 * 2 ** 20;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-hostile-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs work for each seed, holds it to the time and the memory, and lets nothing through but our errors. Gives how many were refused. */
const refusals = async (count: number, work: (seed: number) => unknown): Promise<number> => {
  const before = process.memoryUsage();
  let refused = 0;
  for (let seed = 0; seed < count; seed++) {
    const start = process.cpuUsage(); // of this process: what else runs on the machine does not count
    try {
      await work(seed);
    } catch (error) {
      if (!(error instanceof LyceumError)) expect.fail(`seed ${seed}: ${(error as Error).stack}`);
      refused++;
    }
    const { user, system } = process.cpuUsage(start);
    if (user + system > longestMs * 1000) expect.fail(`seed ${seed}: took ${(user + system) / 1000} ms`);
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    if (arrayBuffers - before.arrayBuffers > memoryBytes) expect.fail(`seed ${seed}: buffers grew to ${arrayBuffers} bytes`);
    if (heapUsed - before.heapUsed > 4 * memoryBytes) expect.fail(`seed ${seed}: the heap grew to ${heapUsed} bytes`);
  }
  return refused;
};

it(`${headers} damaged GGUF headers are read or refused, each at once and within memory`, async () => {
  const refused = await refusals(headers, (seed) => {
    const bytes = damage(ggufSample, seed);
    parseGguf(bytes, bytes.length, 'here');
  });
  expect(refused).toBeGreaterThan(headers / 2);
  expect(refused).toBeLessThan(headers);
});

it(`${files} damaged GGUF files are opened and read whole, or refused`, async () => {
  expect(await refusals(files, (seed) => openGgufBytes(folder, damage(ggufSample, ~seed)))).toBeLessThan(files);
});

it('every truncation of a GGUF file is refused', async () => {
  const { bytes } = ggufSample;
  expect(await refusals(bytes.length, (length) => openGgufBytes(folder, bytes.slice(0, length)))).toBe(bytes.length);
});

it(`${headers} damaged llama2.c headers and tokenizers are read or refused, each at once and within memory`, async () => {
  const model = llama2cSample();
  const pieces = packTokenizer(['<unk>', '<s>', '</s>', ' the', 'é']);
  const refused = await refusals(headers, (seed) => {
    if (seed % 2 === 0) return parseLlama2cTokenizer(damage(pieces, seed), 5, 'here');
    const bytes = damage(model, seed);
    return parseLlama2c(bytes.subarray(0, 28), bytes.length, 'here');
  });
  expect(refused).toBeGreaterThan(headers / 4);
  expect(refused).toBeLessThan(headers);
});

it(`${files} damaged llama2.c files are opened and read whole, or refused`, async () => {
  expect(await refusals(files, (seed) => openLlama2cBytes(folder, damage(llama2cSample(), ~seed)))).toBeLessThan(files);
});

it('every truncation of a llama2.c file is refused, but for the one that ends with its weights', async () => {
  const { bytes } = llama2cSample();
  expect(await refusals(bytes.length, (length) => openLlama2cBytes(folder, bytes.slice(0, length)))).toBe(bytes.length - 1);
});
