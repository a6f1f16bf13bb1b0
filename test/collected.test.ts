import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const tracked = (): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.test.ts', '*.test.tsx', '*.spec.ts', '*.test.js'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter(Boolean);

it('every test file on disk has a name that one of the three runs collects', ({ skip }) => {
  let files: string[];
  try {
    files = tracked();
  } catch {
    return skip('not a git checkout');
  }
  expect(files.length).toBeGreaterThan(5);
  expect(files.filter((path) => !/\.test\.ts$/.test(path))).toEqual([]);
  expect(files.filter((path) => /\b(it|test|describe)\.only\(/.test(readFileSync(path, 'utf8')))).toEqual([]);
});
