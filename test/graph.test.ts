import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parser } from 'n3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../src/app/cli/main.ts';
import '../src/app/graph-trends.ts'; // and what it imports: looked up here, so that no test waits for it
import { openStore } from '../src/knowledge/index.ts';
import { CRF, SECOND } from '../src/knowledge/testing/crf-papers.ts';

const folder = mkdtempSync(join(tmpdir(), 'lyceum-graph-'));
const place = (name: string) => join(folder, name);

/** One command line, in this process: its exit code, and what it wrote. */
async function lyceum(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const streams = [process.stdout, process.stderr];
  const listening = streams.map((stream) => stream.listeners('error'));
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += String(text);
      return true;
    });
  try {
    return { status: await main(args), ...written };
  } finally {
    vi.restoreAllMocks();
    // A command line is a whole process elsewhere, and takes its listeners with it.
    for (const [i, stream] of streams.entries())
      for (const listener of stream.listeners('error')) if (!listening[i]!.includes(listener)) stream.off('error', listener as () => void);
  }
}

let dir: string;
const graph = (...args: string[]) => lyceum('graph', ...args, '--dir', dir);
/** Standard output of a command that must succeed. */
const told = async (...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await graph(...args);
  expect([args, status, stderr]).toEqual([args, 0, '']);
  return stdout;
};
const json = async <T = Record<string, unknown>>(...args: string[]): Promise<T> => JSON.parse(await told(...args, '--json')) as T;

let copies = 0;
/** A workspace of its own with both papers. */
const fresh = () => {
  dir = place(`w${copies++}`);
  mkdirSync(dir);
  copyFileSync(place('both.sqlite'), join(dir, 'knowledge.sqlite'));
};

beforeAll(async () => {
  await using store = await openStore(place('both.sqlite'));
  await store.addReadings([CRF, SECOND]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => expect(process.exitCode).toBeUndefined());

describe('lyceum graph, looking', () => {
  beforeAll(fresh);

  it('show prints an entity, why its names are one, its facts with their sentences, and what speaks against them', async () => {
    const shown = await told('show', 'CRFs');
    const [first] = shown.split('\n');
    expect(first).toMatch(/^conditional random field {2}Method, 3 mentions in 2 documents, 4 facts {2}\[e[0-9a-f]{16}\]$/);
    expect(shown).toContain('merged: "conditional random fields" is the plural of "conditional random field", and both occur\n');
    expect(shown).toContain(
      '\nconditional random field  USED-FOR  named entity recognition   (2 sentences, score 0.98)\n  but also: the other way round, USED-FOR (1 sentence)\n',
    );
    expect(shown).toContain('  “We use conditional random fields (CRFs) for named entity recognition .”\n    a/crf.pdf, page 1\n');
    expect(await told('show', 'CRFs', '--limit', '1')).toMatch(/… and 3 more; --limit shows them\n$/);
  });

  it('show --json has the shape of the contract, and every source is the text at its place', async () => {
    type Shown = { facts: { relation: string; score: number; sources: { document: string; start: number; end: number; text: string }[] }[] };
    const shown = await json<Shown & Record<string, unknown>>('show', 'conditional random field');
    expect(shown).toMatchObject({
      entity: 'conditional random field',
      kinds: { Method: 2 },
      names: ['conditional random field', 'conditional random fields'],
    });
    expect(shown.facts[0]).toMatchObject({ subject: 'conditional random field', relation: 'USED-FOR', object: 'named entity recognition', score: 0.98 });
    expect(shown.facts).toHaveLength(4);
    const texts = new Map([CRF, SECOND].map(({ id, text }) => [id, text]));
    for (const { sources } of shown.facts) {
      expect(sources.length).toBeGreaterThan(0);
      for (const { document, start, end, text } of sources) expect(texts.get(document)!.slice(start, end)).toBe(text);
    }
  });

  it('show takes the name of a document, too', async () => {
    expect(await told('show', 'second.txt')).toMatch(/^second\.txt {2}.*\n1 sentence, 3 mentions, 3 relations\n( {2}.+\n){3}$/);
  });

  it('search finds names and sentences, and says when nothing holds the words', async () => {
    expect(await told('search', 'pars')).toMatch(/^parsing {2}Task, 1 mention, 1 fact {2}\[e[0-9a-f]{16}\]\n/);
    expect(await told('search', 'helps')).toBe('“This approach helps parsing .”\n  a/crf.pdf\n');
    expect(await json('search', 'helps')).toMatchObject({ entities: [], sentences: [{ document: CRF.id, page: 2 }] });
    expect(await told('search', 'nowhere')).toBe('nothing holds "nowhere"\n');
  });

  it('export writes every entity and fact in each format, to standard output or a file', async () => {
    const lines = (await told('export')).trim().split('\n');
    const count = (type: string) => lines.filter((line) => (JSON.parse(line) as { type: string }).type === type).length;
    expect([count('entity'), count('fact')]).toEqual([4, 4]);
    const xml = await told('export', '--format', 'graphml');
    expect([xml.match(/<node /g)?.length, xml.match(/<edge /g)?.length]).toEqual([4, 4]);
    expect(await told('export', '--format', 'turtle', '--output', place('graph.ttl'))).toBe('');
    const labels = new Parser().parse(readFileSync(place('graph.ttl'), 'utf8')).flatMap(({ predicate, object }) => (predicate.value.endsWith('#label') ? [object.value] : [])); // biome-ignore format: one chain
    expect(labels.sort()).toEqual(['HMM', 'conditional random field', 'named entity recognition', 'parsing']);
    expect((await graph('export', '--format', 'dot')).status).toBe(2);
  });

  it('trends follow an entity, or two kinds, over the years', async () => {
    const drawn = await told('trends', '--method', 'conditional random field');
    expect(drawn).toMatch(/^conditional random field USED-FOR …: share of each year's papers/);
    expect(drawn).toContain('\nnamed entity recognition  ██  2 documents\nparsing                   █   1 document\n');
    expect(drawn).toMatch(/\n {26}2001 2002 {3}full height = 100\.0 %\n$/);
    expect(await json('trends', '--task', 'parsing')).toEqual({
      entity: 'parsing',
      relation: 'USED-FOR',
      role: 'object',
      series: [
        {
          name: 'conditional random field',
          kind: 'Method',
          points: [
            { year: 2001, documents: 1, of: 1, share: 1 },
            { year: 2002, documents: 0, of: 1, share: 0 },
          ],
        },
      ],
    });
    expect(await told('trends', '--kinds', 'Method,Task')).toContain(
      "Method … Task: share of each year's papers that name a Task, per year\nUSED-FOR  ██  2 documents\n",
    );
    expect(await json('trends', '--kinds', 'Method, Method')).toMatchObject({
      subject: 'Method',
      object: 'Method',
      series: [
        {
          relation: 'COMPARE',
          points: [
            { year: 2001, documents: 0, of: 1 },
            { year: 2002, documents: 1, of: 1, share: 1 },
          ],
        },
      ],
    });
    for (const [args, expected] of [
      [[], /expected one of --method NAME, --task NAME and --kinds/],
      [['--method', 'HMM', '--kinds', 'Method,Task'], /expected one of/],
      [['--kinds', 'Method'], /separated by a comma, got "Method"/],
      [['--kinds', 'method,Task'], /a kind that an entity of the graph has, got "method"; kinds are Task, Method \(/],
      [['--kinds', 'Method,Generic'], /got "Generic"; kinds are Task, Method \(/],
      [['--kinds', 'Method,Task', '--kind', 'Task'], /--kind: expected with --method or --task/],
    ] as [string[], RegExp][]) {
      const { status, stderr } = await graph('trends', ...args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toMatch(expected);
    }
  });
});

describe('lyceum graph, changing', () => {
  const names = async () => (await told('export')).trim().split('\n').flatMap((line) => (JSON.parse(line) as { type: string; name?: string }).name ?? []); // biome-ignore format: one chain

  it('merge, split and undo: each is there when the workspace is opened again, and the last takes all back', async () => {
    fresh();
    const before = await told('export');
    expect(await told('merge', 'conditional random field', 'HMM')).toBe(
      'decision 1: {"type":"merge","names":["conditional random field","HMM"]}; `lyceum graph undo` takes it back\n',
    );
    expect(await names()).toEqual(['conditional random field', 'named entity recognition', 'parsing']);
    expect(await told('show', 'HMM')).toContain('merged: "HMM" was merged into "conditional random field" by the user\n');
    expect(await json('split', 'conditional random fields')).toMatchObject({ number: 2, decision: { type: 'split', names: ['conditional random fields'] } });
    expect(await names()).toHaveLength(4);
    expect(await told('undo')).toMatch(/^decision 3: \{"type":"undo","number":2\}/);
    expect(await told('undo')).toMatch(/^decision 4: \{"type":"undo","number":1\}/);
    expect(await told('export')).toBe(before);
    expect(await told('undo')).toBe('there is no decision to take back\n');
  });

  it('remove takes a document, and all that only it says, out of the graph', async () => {
    fresh();
    expect(await told('remove', 'second.txt')).toBe(`removed second.txt [${SECOND.id.slice(0, 12)}]\n`);
    const left = await told('export');
    await using alone = await openStore(':memory:');
    await alone.addReading(CRF);
    const lines: string[] = [];
    for await (const line of alone.export()) lines.push(JSON.stringify(line));
    expect(left.trim().split('\n')).toEqual(lines);
    expect(await json('remove', CRF.id.slice(0, 8))).toEqual({ removed: 1, documents: [{ id: CRF.id, names: CRF.names }] });
    expect(await told('export')).toBe('');
    expect((await graph('remove', 'second.txt')).status).toBe(2);
  });

  it("settings reach the paper's rule for rare names, and undo leads back", async () => {
    fresh();
    expect(await told('settings')).toMatch(/^contains {3}careful: .+\nthreshold {2}20\nthe graph holds 4 entities and 4 facts\n$/);
    const changed = await told('settings', '--contains', 'paper', '--threshold', '1');
    expect(changed).toMatch(/^contains {3}paper: .+more than 1 document.+\nthreshold {2}1\ndecision 1: .+\ndecision 2: .+\nthe graph holds 4 entities/);
    expect(await json('settings')).toEqual({ contains: 'paper', threshold: 1, entities: 4, facts: 4, decisions: [] });
    expect(await json('settings', '--threshold', '1')).toMatchObject({ decisions: [] }); // it is so already
    await told('undo');
    await told('undo');
    expect(await json('settings')).toMatchObject({ contains: 'careful', threshold: 20 });
    for (const wrong of [
      ['--contains', 'wild'],
      ['--threshold', '0'],
    ])
      expect((await graph('settings', ...wrong)).status).toBe(2);
  });
});
