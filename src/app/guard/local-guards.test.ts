import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardSettings } from '../../guard/index.ts';
import { shippedGuard } from '../language-model/index.ts';
import { localGuards } from './local-guards.ts';

const settings: GuardSettings = { format: 1, model: null, policy: 'refused', injected: 0.5, restated: null, request: null, measured: {} };
let home: string;
const write = async (folder: string, text = JSON.stringify(settings)): Promise<void> => {
  await mkdir(join(home, folder), { recursive: true });
  await writeFile(join(home, folder, 'guard.json'), text);
};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-guards-'));
  await write('papers/mine');
  await write('papers/shipped');
  await write('papers/.lyceum/guards/strict');
  await write('papers/odd', '{"format": 2}');
  await write('papers/deep/er');
  await write('elsewhere');
  await symlink(join(home, 'elsewhere'), join(home, 'papers', 'link'));
  await mkdir(join(home, 'papers', 'empty'));
});
afterAll(() => rm(home, { recursive: true }));

describe('the guards of a workspace', () => {
  it('are the one that ships, those beside it and those in it, and no others', async () => {
    const guards = localGuards({ dir: join(home, 'papers', '.lyceum') });
    const list = await guards.list();
    expect(list.map(({ name }) => name)).toEqual(['shipped', 'mine', 'odd', './shipped', '.lyceum/guards/strict']);
    expect(list.find(({ name }) => name === 'odd')).toMatchObject({ settings: null, trouble: expect.stringMatching(/expected the settings of a guard/) });
    for (const { name, settings: own, trouble } of list) if (trouble === null) expect(await guards.settings(name)).toEqual(own);
    expect(await guards.settings('shipped')).toEqual(await shippedGuard());
    expect((await guards.settings('./shipped')).policy).toBe('refused');
  });

  it.each(['link', '../elsewhere', 'deep/er', 'empty', ''])('refuses %j, which is none of them', async (name) => {
    await expect(localGuards({ dir: join(home, 'papers', '.lyceum') }).settings(name)).rejects.toThrow(/expected a name that GET \/api\/guards lists/);
  });

  it('is the shipped one where the workspace is not made yet', async () => {
    expect((await localGuards({ dir: join(home, 'nowhere', '.lyceum') }).list()).map(({ name }) => name)).toEqual(['shipped']);
  });
});
