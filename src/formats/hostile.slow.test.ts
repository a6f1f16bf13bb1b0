import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FormatError, LyceumError } from '../core/index.ts';
import { openArchive } from './archive/archive.ts';
import { type ChatInput, openTokenizer, renderChat } from './index.ts';
import { parseHeader } from './safetensors.ts';
import { packTarball, packZip } from './testing/archive-files.ts';
import { mutate, mutateJson, openBytes, sample } from './testing/hostile.ts';

const headers = 200_000;
const files = 5_000;
const tokenizers = 10_000;
const archives = 10_000;
const templates = 10_000;
const longestMs = 250;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lyceum-hostile-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What it threw, having held it to the time. */
const timed = async (seed: number, work: () => unknown): Promise<unknown> => {
  const start = process.cpuUsage(); // of this process: what else runs on the machine does not count
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  const { user, system } = process.cpuUsage(start);
  const tookMs = (user + system) / 1000;
  if (tookMs > longestMs) expect.fail(`seed ${seed}: took ${tookMs} ms`);
  return thrown;
};

it(`${headers} damaged safetensors headers are read or refused, each at once and within memory`, async () => {
  const before = process.memoryUsage().arrayBuffers;
  let refused = 0;
  for (let seed = 0; seed < headers; seed++) {
    const bytes = mutate(sample, seed);
    const length = bytes.length >= 8 ? Number(new DataView(bytes.buffer).getBigUint64(0, true)) : -1;
    if (length < 0 || length > bytes.length - 8) continue; // refused before the header is looked at
    const thrown = await timed(seed, () => parseHeader(bytes.subarray(8, 8 + length), 'here', 8 + length, bytes.length));
    if (thrown === undefined) continue;
    refused++;
    if (!(thrown instanceof FormatError)) expect.fail(`seed ${seed}: ${thrown}`);
  }
  expect(refused).toBeGreaterThan(headers / 10);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
});

it(`${files} damaged safetensors files are opened and read whole, or refused`, async () => {
  for (let seed = 0; seed < files; seed++) {
    const thrown = await timed(seed, () => openBytes(folder, mutate(sample, ~seed)));
    if (thrown !== undefined && !(thrown instanceof FormatError)) expect.fail(`seed ${seed}: ${thrown}`);
  }
});

it(`every truncation of a safetensors file is refused`, async () => {
  for (let length = 0; length < sample.length; length++)
    expect(await timed(length, () => openBytes(folder, sample.slice(0, length)))).toBeInstanceOf(FormatError);
});

it(`${tokenizers} damaged tokenizer files are opened and used, or refused`, async () => {
  const fixture = JSON.parse(await readFile(new URL('fixtures/tokenizers.json', import.meta.url), 'utf8'));
  const { vocab, ...model } = fixture.bytePairs.tokenizer.model;
  const small = {
    ...fixture.bytePairs.tokenizer,
    model: { ...model, vocab: Object.fromEntries(Object.entries(vocab).slice(0, 40)), merges: model.merges.slice(0, 5) },
  };
  const wordPiece = {
    model: { type: 'WordPiece', vocab: { '[UNK]': 0, a: 1, '##b': 2, '[CLS]': 3 }, unk_token: '[UNK]' },
    normalizer: { type: 'BertNormalizer', lowercase: true, clean_text: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    added_tokens: [{ id: 3, content: '[CLS]', special: true }],
  };
  const originals = [small, wordPiece];
  let opened = 0;
  for (let seed = 0; seed < tokenizers; seed++) {
    const thrown = await timed(seed, async () => {
      const tokenizer = await openTokenizer(mutateJson(originals[seed % 2]!, seed), { timeoutMs: 100 });
      tokenizer.decode(tokenizer.encode('ab [CLS] graph of facts').ids);
      tokenizer.encodeWords(['ab', 'graph']);
      opened++;
    });
    if (thrown !== undefined && !(thrown instanceof LyceumError)) expect.fail(`seed ${seed}: ${(thrown as Error).stack}`);
  }
  expect(opened).toBeGreaterThan(tokenizers / 10);
});

it.each([
  ['ZIP files', packZip],
  ['tarballs', packTarball],
] as const)(`${archives} damaged and truncated %s are read or refused, within what was asked for`, async (_, pack) => {
  const original = pack([
    { name: 'p/a.txt', data: 'first' },
    { name: 'p/b.bin', data: Uint8Array.from({ length: 700 }, (_, i) => Math.imul(i, 2654435761) >>> 24) },
    { name: 'p/empty', data: '' },
  ]);
  const place = join(folder, 'archive');
  const before = process.memoryUsage().arrayBuffers;
  const unpackedBytes = 2 ** 20;
  let refused = 0;
  for (let seed = 0; seed < archives; seed++) {
    const bytes = seed < original.length ? original.slice(0, seed) : mutate(original, seed);
    await writeFile(place, bytes);
    const thrown = await timed(seed, async () => {
      const archive = await openArchive(place, { unpackedBytes, entries: 100 });
      let got = 0;
      for (const { name } of archive.entries) for await (const chunk of archive.read(name)) got += chunk.length;
      if (got > unpackedBytes) expect.fail(`seed ${seed}: gave ${got} bytes`);
    });
    if (thrown === undefined) continue;
    refused++;
    if (!(thrown instanceof LyceumError)) expect.fail(`seed ${seed}: ${(thrown as Error).stack}`);
  }
  expect(refused).toBeGreaterThan(archives / 4);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
});

it(`${templates} damaged chat templates render or are refused, and the next one works`, async () => {
  const fixture = JSON.parse(await readFile(new URL('fixtures/chat-templates.json', import.meta.url), 'utf8')) as {
    readonly templates: Readonly<Record<string, string>>;
    readonly inputs: Readonly<Record<string, ChatInput>>;
  };
  const [originals, inputs] = [Object.values(fixture.templates).map((text) => new TextEncoder().encode(text)), Object.values(fixture.inputs)];
  let rendered = 0;
  for (let seed = 0; seed < templates; seed++) {
    const template = new TextDecoder().decode(mutate(originals[seed % originals.length]!, seed));
    try {
      const text = await renderChat(template, { ...inputs[seed % inputs.length]!, timeoutMs: 1000 });
      expect(text.length).toBeLessThanOrEqual(2 ** 24);
      rendered++;
    } catch (error) {
      if (!(error instanceof LyceumError)) expect.fail(`seed ${seed}: ${(error as Error).stack}`);
    }
  }
  expect(rendered).toBeGreaterThan(templates / 20); // most damage is to the syntax
  expect(await renderChat('{{ messages | length }}', { messages: [] })).toBe('0');
});
