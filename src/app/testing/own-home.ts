import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';

/** A folder for the tests of a file or block, removed after them; `home` in it is what LYCEUM_HOME names meanwhile. Call it before other hooks that need it. */
export const ownHome = (): { readonly path: string } => {
  const own = { path: '' };
  beforeAll(async () => {
    own.path = await mkdtemp(join(tmpdir(), 'lyceum-own-'));
    vi.stubEnv('LYCEUM_HOME', join(own.path, 'home'));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(own.path, { recursive: true, force: true });
  });
  return own;
};
