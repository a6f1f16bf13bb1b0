import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { verbs } from '../src/app/cli/verbs.ts';

const lyceum = (...args: string[]) => spawnSync(process.execPath, ['bin/lyceum.js', ...args], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

describe('lyceum', () => {
  it('alone prints its verbs, one line each', () => {
    const { stdout, stderr, status } = lyceum();
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const width = Math.max(...verbs.map(({ name }) => name.length));
    for (const { name, summary } of verbs) expect(stdout).toContain(`  ${name.padEnd(width)}  ${summary}\n`);
  });

  it.each(verbs.map(({ name }) => name))('%s --help has two examples', (name) => {
    const { stdout, status } = lyceum(name, '--help');
    expect(status).toBe(0);
    expect(stdout.split('Examples:')[1]?.match(/^ {2}lyceum /gm)?.length ?? 0).toBeGreaterThanOrEqual(2);
  });

  it('refuses an unknown verb and an unknown option with exit code 2, and says so on stderr only', () => {
    for (const args of [['raed'], ['read', '--no-such-option'], ['read', '--threads', 'many']]) {
      const { stdout, stderr, status } = lyceum(...args);
      expect(status).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/lyceum/);
    }
  });
});
