import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluateScierc, parseGold, parsePredictions } from '../src/evaluate/index.ts';
import { exportJsonl, openStore } from '../src/knowledge/index.ts';
import { collect } from '../src/knowledge/testing/make-reading.ts';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-read-'));
const place = (...names: string[]) => join(folder, ...names);
const start = (...args: string[]) =>
  spawn(process.execPath, [join(root, 'bin/lyceum.js'), ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', LYCEUM_HOME: place('home') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
async function lyceum(...args: string[]) {
  const child = start(...args);
  const [stdout, stderr, [status]] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'exit')]);
  return { status: status as number, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}
const graph = async () => {
  await using store = await openStore(place('w', 'knowledge.sqlite'), { mode: 'read' });
  const documents = await Promise.all((await store.documents()).map(({ id }) => store.document(id)));
  return {
    names: documents.flatMap(({ names }) => names).sort(),
    text: documents.map(({ text }) => text).join('\n'),
    best: await store.facts({ limit: 10, sources: 1 }),
    lines: await collect(exportJsonl(store)),
  };
};

beforeAll(() => {
  mkdirSync(place('papers'));
  for (const name of ['keyphrase-extraction.md', 'meeting-summaries.txt']) copyFileSync(join(root, 'examples/papers', name), place('papers', name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('read --open prints the ten best facts with their sentences, then the address of the workbench alone on its line', async () => {
  const child = start('read', 'papers', '--open', '--port', '0', '--dir', 'w', '--quiet');
  try {
    let printed = '';
    for await (const piece of child.stdout) {
      printed += String(piece);
      if (/^http.*\n/m.test(printed)) break;
    }
    const lines = printed.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^read 2 documents in [\d.]+ s: \d+ sentences, \d+ mentions, \d+ relations$/);
    expect(lines[1]).toMatch(/^the graph holds \d+ entities and \d+ facts$/);
    expect(lines.slice(2, 4)).toEqual(['', 'best-supported facts:']);
    const url = lines.at(-1)!;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { counts } = (await (await fetch(`${url}/api/workspace`)).json()) as { counts: { documents: number } };
    expect(counts).toMatchObject({ documents: 2 });
    const { best } = await graph();
    expect(best).toHaveLength(10);
    const told = best.flatMap(({ subject, relation, object, support, sources }) => [
      `  ${subject.name}  ${relation}  ${object.name}   (${support} ${support === 1 ? 'sentence' : 'sentences'})`,
      `    “${sources[0]!.text.replace(/\s+/g, ' ')}”  ${sources[0]!.documentName}`,
    ]);
    expect(lines.slice(4, -1)).toEqual(told);
  } finally {
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }
}, 120_000);

it('read without paths reads only what changed, and a file that can be read no more keeps its reading', async () => {
  const again = async () => {
    const { status, stdout } = await lyceum('read', '--json', '--dir', 'w');
    return [status, JSON.parse(stdout)];
  };
  const first = await graph();
  expect(await again()).toMatchObject([0, { documents: 0, unchanged: 2, skipped: [], gone: [] }]);
  expect(await graph()).toEqual(first);
  appendFileSync(place('papers', 'meeting-summaries.txt'), '\n\nBeam search is used for word sense disambiguation.\n');
  expect(await again()).toMatchObject([0, { documents: 1, unchanged: 1, skipped: [] }]);
  const second = await graph();
  expect(second.names).toEqual(first.names);
  expect([first, second].map(({ text }) => text.includes('word sense disambiguation'))).toEqual([false, true]);
  writeFileSync(place('papers', 'meeting-summaries.txt'), '');
  expect(await again()).toMatchObject([3, { documents: 0, unchanged: 1, skipped: [{ code: 'EMPTY' }], gone: [] }]);
  expect(await graph()).toEqual(second);
}, 120_000);

it.skipIf(process.platform === 'win32')(
  'stops at Ctrl-C while its reader starts, says how to go on, and the same command does',
  async () => {
    mkdirSync(place('many'));
    for (let i = 0; i < 12; i++)
      writeFileSync(place('many', `${i}.txt`), `Conditional random fields are used for named entity recognition. Parser ${i} uses beam search.\n`);
    const command = ['read', 'many', '--dir', 'stopped'];
    const child = start(...command);
    const ended = Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'exit')]);
    while (!existsSync(place('stopped', 'knowledge.sqlite'))) await setTimeout(5);
    child.kill('SIGINT'); // the reader takes a second to open
    const [stdout, stderr, [status]] = await ended;
    expect([status, Buffer.concat(stdout).toString()]).toEqual([130, '']);
    expect(Buffer.concat(stderr).toString()).toMatch(/lyceum: cancelled; run the same command again: what is read is kept\n$/);
    const again = await lyceum(...command, '--json');
    expect([again.status, JSON.parse(again.stdout)]).toMatchObject([0, { skipped: [] }]);
    const { documents, unchanged } = JSON.parse(again.stdout) as { documents: number; unchanged: number };
    expect(documents + unchanged).toBe(12);
  },
  120_000,
);

it('doctor names what it looked at, and finds nothing wrong', async () => {
  const { status, stdout, stderr } = await lyceum('doctor', '--json', '--dir', 'w');
  const { sound, findings } = JSON.parse(stdout) as { sound: boolean; findings: { name: string; state: string; text: string }[] };
  expect([status, sound, stderr], stdout).toEqual([0, true, '']);
  expect(findings.map(({ name }) => name)).toEqual(['lyceum', 'node', 'sqlite', 'machine', 'onnxruntime', 'webgpu', 'encoder', 'readers', 'models', 'workspace', 'disk']); // biome-ignore format: one line reads best
  const text = (wanted: string) => findings.find(({ name }) => name === wanted)!.text;
  expect(text('node')).toContain(process.versions.node);
  expect(text('readers')).toContain('scierc');
  expect(text('workspace')).toMatch(/knowledge\.sqlite: 2 documents, [1-9]\d* entities, [1-9]\d* facts, /);
}, 120_000);

it('read --predict writes what eval scierc measures, and looks at no gold field', async () => {
  const sentences = [
    ['Conditional', 'random', 'fields', 'are', 'used', 'for', 'named', 'entity', 'recognition', '.'],
    ['They', 'are', 'more', 'accurate', 'than', 'hidden', 'Markov', 'models', '.'],
  ];
  const gold = {
    doc_key: 'a',
    sentences,
    ner: [
      [
        [0, 2, 'Method'],
        [6, 8, 'Task'],
      ],
      [
        [10, 10, 'Generic'],
        [15, 17, 'Method'],
      ],
    ],
    relations: [[[0, 2, 6, 8, 'USED-FOR']], [[10, 10, 15, 17, 'COMPARE']]],
    clusters: [
      [
        [0, 2],
        [10, 10],
      ],
    ],
  };
  writeFileSync(place('gold.jsonl'), `${JSON.stringify(gold)}\n`);
  writeFileSync(place('in.jsonl'), `${JSON.stringify({ doc_key: 'a', sentences, ner: 'nobody reads this', clusters: 7 })}\n`);
  const predicted = await lyceum('read', '--predict', 'in.jsonl', '--output', 'out.jsonl', '--json');
  expect([predicted.status, JSON.parse(predicted.stdout)], predicted.stderr).toMatchObject([0, { documents: 1, output: 'out.jsonl' }]);
  const text = readFileSync(place('out.jsonl'), 'utf8');
  const line = JSON.parse(text) as { predicted_ner: [number, number, string, number][][] };
  expect(Object.keys(line)).toEqual(['doc_key', 'sentences', 'predicted_ner', 'predicted_relations', 'predicted_clusters']);
  expect(line.predicted_ner[0]!.map(([from, to, label]) => [from, to, label])).toContainEqual([6, 8, 'Task']);
  const measured = await lyceum('eval', 'scierc', '--data', 'gold.jsonl', '--predictions', 'out.jsonl', '--json');
  const { task, n, metrics, convention } = evaluateScierc(parseGold(JSON.stringify(gold), 'gold'), parsePredictions(text, 'out'));
  expect([measured.status, JSON.parse(measured.stdout)], measured.stderr).toEqual([0, { task, n, metrics, convention }]);
  expect(metrics['entity-f1']).toBeGreaterThan(0);
}, 120_000);
