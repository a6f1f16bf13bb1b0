import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

// Who may import whom. `third` lists what a room may take from npm; a trailing slash limits an entry to a folder of the room.
const floors01 = ['core', 'nn', 'runtime', 'formats'];
const floors02 = [...floors01, 'models', 'encode', 'generate', 'train', 'knowledge', 'evaluate', 'report'];
const everyRoom = [...floors02, 'read', 'answer', 'adapt', 'distill', 'inspect', 'guard', 'assist'];
const zod = 'zod';

interface Room {
  readonly rooms: readonly string[];
  readonly third: readonly string[];
  /** Third-party packages allowed only below one folder of the room. */
  readonly inside?: Readonly<Record<string, readonly string[]>>;
}

const table: Readonly<Record<string, Room>> = {
  core: { rooms: [], third: [] },
  nn: { rooms: ['core'], third: [] },
  runtime: { rooms: ['core'], third: ['onnxruntime-node', 'onnxruntime-common'] },
  formats: { rooms: ['core'], third: [zod, '@huggingface/tokenizers', '@huggingface/jinja'] },
  models: { rooms: ['core', 'nn', 'formats'], third: [zod] },
  encode: { rooms: ['core', 'nn', 'runtime'], third: [] },
  generate: { rooms: ['core', 'nn', 'runtime'], third: [zod] },
  train: { rooms: floors01, third: [zod] },
  knowledge: { rooms: [], third: [zod], inside: { 'export/': ['n3'] } },
  evaluate: { rooms: ['formats'], third: [zod] },
  report: { rooms: [], third: [zod], inside: { 'plots/': ['@observablehq/plot', 'linkedom'] } },
  read: {
    rooms: floors02,
    third: [zod],
    inside: {
      'loaders/': ['unpdf', 'mammoth', 'parse5', 'mdast-util-from-markdown', 'mdast-util-gfm', 'micromark-extension-gfm'],
    },
  },
  answer: { rooms: floors02, third: [zod] },
  adapt: { rooms: floors02, third: [zod] },
  distill: { rooms: [...floors02, 'read'], third: [zod] },
  inspect: { rooms: floors02, third: [zod] },
  guard: { rooms: [...floors02, 'inspect'], third: [zod] },
  assist: { rooms: [...floors02, 'answer'], third: [zod] },
  app: { rooms: everyRoom, third: [zod, 'commander', 'hono', '@hono/node-server', '@hono/zod-openapi'] },
  web: {
    rooms: ['app'],
    third: ['preact', '@preact/signals', 'vite'],
  },
};

const root = new URL('../src/', import.meta.url).pathname;

const filesBelow = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : /\.tsx?$/.test(name) ? [path] : [];
  });

const isTest = (path: string) => /\.test\.tsx?$/.test(path) || path.includes('/testing/');
const importsOf = (text: string): { target: string; typeOnly: boolean }[] =>
  [
    ...text.matchAll(
      /^\s*(import|export)(\s+type)?\b[^'"\n]*(?:\n[^'"\n;]*)*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^\s*import\s+['"]([^'"]+)['"]/gm,
    ),
  ].map(([, , type, from, dynamic, bare]) => ({ target: (from ?? dynamic ?? bare) as string, typeOnly: type !== undefined }));
const packageOf = (target: string) =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

const complaints = (path: string): string[] => {
  const [room = '', ...rest] = relative(root, path).split('/');
  const rule = table[room];
  if (!rule) return rest.length === 0 ? [] : [`${relative(root, path)}: there is no room ${room} in the table`];
  return importsOf(readFileSync(path, 'utf8')).flatMap(({ target, typeOnly }) => {
    const wrong = (why: string) => [`${relative(root, path)} imports ${target}: ${why}`];
    if (target.startsWith('node:')) return [];
    if (!target.startsWith('.')) {
      const name = packageOf(target);
      const within = rest.join('/');
      const local = Object.entries(rule.inside ?? {}).some(([folder, names]) => within.startsWith(folder) && names.includes(name));
      return rule.third.includes(name) || local ? [] : wrong(`third-party code that ${room}/ may not use`);
    }
    const [toRoom = '', ...inside] = relative(root, normalize(join(dirname(path), target))).split('/');
    if (toRoom === room || toRoom === '..') return [];
    if (!rule.rooms.includes(toRoom)) return wrong(`${room}/ may import ${rule.rooms.join(', ') || 'nothing'}`);
    if (room === 'web') return typeOnly && inside[0] === 'server' ? [] : wrong('web/ takes only types of app/server');
    return inside.join('/') === 'index.ts' ? [] : wrong(`${toRoom}/ is entered through its index.ts`);
  });
};

describe('the house', () => {
  const files = filesBelow(root);

  it('has imports that go down only, through index.ts, and third-party code only where the table says', () => {
    expect(files.filter((path) => !isTest(path)).flatMap(complaints)).toEqual([]);
  });

  it('has files of a readable size', () => {
    // Path → why it may be longer than 500 lines.
    const excused: Readonly<Record<string, string>> = {};
    const long = files.filter((path) => readFileSync(path, 'utf8').split('\n').length > 500).map((path) => relative(root, path));
    expect(long.filter((path) => !(path in excused))).toEqual([]);
    expect(Object.keys(excused).filter((path) => !long.includes(path))).toEqual([]);
  });

  it('is spelt in kebab-case', () => {
    expect(files.map((path) => relative(root, path)).filter((path) => !/^[a-z0-9./-]+$/.test(path))).toEqual([]);
  });

  it('finds a wrong import when there is one', () => {
    expect(importsOf(`import { a } from '../core/ops/x.ts';\nimport type { B } from 'n3';\nconst c = await import('zod');`)).toEqual([
      { target: '../core/ops/x.ts', typeOnly: false },
      { target: 'n3', typeOnly: true },
      { target: 'zod', typeOnly: false },
    ]);
  });
});

describe('the start of every command line', () => {
  it('imports no room: what --help does not need is loaded by the verb that does', () => {
    const seen = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      // Static imports of values; types vanish, and import(…) waits for its verb.
      for (const [, from] of readFileSync(join(root, file), 'utf8').matchAll(/^import (?!type )[^;]*? from '(\.[^']+)';/gm))
        follow(normalize(join(dirname(file), from!)));
    };
    follow('app/cli/main.ts');
    expect(seen.size).toBeGreaterThan(3);
    expect([...seen].filter((file) => !file.startsWith('app/'))).toEqual([]);
  });
});
