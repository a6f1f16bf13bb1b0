import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../src/app/cli/exit.ts';

const root = new URL('..', import.meta.url).pathname;
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.ts$/.test(path) && !/\.test\.ts$|\btesting\b/.test(path))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  .join('\n');
const found = (pattern: RegExp) => [...sources.matchAll(pattern)];
const spelt = (text: string) => [...text.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code!);
const sorted = (codes: Iterable<string>) => [...new Set(codes)].sort();

/** Rows of the three tables of docs/errors.md: code → what the last column says. */
const [errors, skips, http] = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  .split(/^## .*$/m)
  .map((part) => new Map([...part.matchAll(/^\| `([A-Z_]+)` \|.*\| ([^|]+) \|$/gm)].map(([, code, last]) => [code!, last!])));

describe('docs/errors.md names every code', () => {
  it('of an error, with the exit code that it ends a command with', () => {
    const thrown = [
      ...found(/\breadonly code = '([A-Z_]+)'/g).map(([, code]) => code!),
      ...found(/\breadonly code: ('[A-Z_]+'(?: \| '[A-Z_]+')*);/g).flatMap(([, codes]) => spelt(codes!)),
    ];
    expect(thrown.length).toBeGreaterThan(10);
    expect(sorted(errors!.keys())).toEqual(sorted(thrown));
    for (const [code, exit] of errors!) expect([code, exitCodeOf(Object.assign(new Error(), { code }))]).toEqual([code, Number(exit)]);
  });

  it('of a skipped document', () => {
    const codes = found(/\btype SkipCode =([^;]+);/g).flatMap(([, union]) => spelt(union!));
    expect(codes.length).toBeGreaterThan(10);
    expect(sorted(skips!.keys())).toEqual(sorted(codes));
  });

  it('of a refusal over HTTP that is no error of the first table, with its status', () => {
    const refusals = found(/\b(?:problem|refuse)\(c, (\d{3}), '([A-Z_]+)'/g).flatMap(([, status, code]) => (errors!.has(code!) ? [] : [`${code} ${status}`]));
    expect(refusals.length).toBeGreaterThan(5);
    expect(sorted([...http!].map((row) => row.join(' ')))).toEqual(sorted(refusals));
  });
});

describe('the table of rooms in CONTRIBUTING.md', () => {
  it('has every room', () => {
    const named = [...readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/^\| \d \|.*$/gm)].flatMap(([row]) =>
      [...row.matchAll(/`(\w+)`/g)].map(([, room]) => room!),
    );
    const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    expect(named.sort()).toEqual(rooms.sort());
  });
});
