import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const slashes = (path: string) => path.split(sep).join('/');
// whatever might pass for a test, under every name that a runner or a person knows
const onDisk = globSync('**/*.{test,spec,tests,slow,gpu}.{ts,tsx,mts,cts,js,jsx,mjs,cjs}', {
  cwd: root,
  exclude: ['**/node_modules', '**/.git', 'dist', 'bench/peers'],
})
  .map(slashes)
  .sort();

/** Files that a run collects, as the runner itself lists them. */
const collected = (tier: string): string[] => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'list', '--filesOnly', '--json'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, LYCEUM_TESTS: tier, NO_COLOR: '1' },
  });
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as { file: string }[]).map(({ file }) => slashes(relative(root, file)));
};

describe('test files on disk', () => {
  it('are as many as the three runs collect together, each by one run: none is left out, none counted twice', () => {
    const runs = ['fast', 'slow', 'gpu'].map(collected);
    for (const files of runs) expect(files.length).toBeGreaterThan(1);
    const all = runs.flat();
    expect(all.length).toBe(onDisk.length);
    expect(all.sort()).toEqual(onDisk);
    expect(runs[1]!.every((path) => path.endsWith('.slow.test.ts')) && runs[2]!.every((path) => path.endsWith('.gpu.test.ts'))).toBe(true);
  });

  it('run all that they hold', () => {
    expect(onDisk.filter((path) => /\b(it|test|describe)\.only\(/.test(readFileSync(join(root, path), 'utf8')))).toEqual([]);
  });
});
