import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, NotFoundError } from '../../core/index.ts';
import type { AnnotatedDocument } from '../../evaluate/index.ts';
import { openEngine } from '../../runtime/index.ts';
import { describeReader, openReader } from './open-reader.ts';
import { priceOfTraining } from './price.ts';
import { tinyDocument } from './testing/tiny-reader.ts';
import { trainReader } from './train-reader.ts';

const line = ({ docKey, sentences, entities, relations, clusters }: AnnotatedDocument): string => {
  let start = 0;
  const within = sentences.map(({ length }) => {
    const range = { start, end: start + length };
    start += length;
    return range;
  });
  const inSentence = (word: number, i: number) => word >= within[i]!.start && word < within[i]!.end;
  return JSON.stringify({
    doc_key: docKey,
    sentences,
    ner: sentences.map((_, i) => entities.filter((entity) => inSentence(entity.start, i)).map(({ start, end, label }) => [start, end, label])),
    relations: sentences.map((_, i) =>
      relations
        .filter(({ subject }) => inSentence(subject.start, i))
        .map(({ subject, object, label }) => [subject.start, subject.end, object.start, object.end, label]),
    ),
    clusters: clusters.map((cluster) => cluster.map(({ start, end }) => [start, end])),
  });
};

let home: string;
let dataDir: string;
const documents = Array.from({ length: 6 }, (_, i) => tinyDocument(i, [8, 5, 9]));
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-train-reader-'));
  dataDir = home;
  await writeFile(join(home, 'train.json'), documents.map((document) => `${line(document)}\n`).join(''));
  await writeFile(
    join(home, 'dev.json'),
    documents
      .slice(0, 2)
      .map((document) => `${line(document)}\n`)
      .join(''),
  );
});
afterAll(() => rm(home, { recursive: true, force: true }));

const small = { epochs: 2, batch: 3, evaluateEvery: 1, average: null };

describe('training a reader', () => {
  it('in a process of its own, cancelled and gone on with, gives the metrics of one go and a folder that reads', async () => {
    const [whole, broken] = [join(home, 'whole'), join(home, 'broken')];
    await trainReader({ dataDir, outDir: whole, ...small, threads: 2 });
    const stop = new AbortController();
    const first = await trainReader({
      dataDir,
      outDir: broken,
      ...small,
      threads: 2,
      signal: stop.signal,
      onProgress: ({ step }) => step === 3 && stop.abort(),
    });
    expect(first).toMatchObject({ ended: 'cancelled', step: 3 });
    expect(await trainReader({ dataDir, outDir: broken, ...small, threads: 2 })).toMatchObject({ ended: 'finished', step: 4 });
    expect(await readFile(join(broken, 'metrics.jsonl'), 'utf8')).toBe(await readFile(join(whole, 'metrics.jsonl'), 'utf8'));
    const losses = (await readFile(join(whole, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text).loss);
    expect(losses[3]).toBeLessThan(losses[0]);

    await using engine = await openEngine({ process: true, threads: 2 });
    await using reader = await openReader(engine, { reader: whole });
    expect(reader.version).toBe((await describeReader({ reader: whole })).version);
    const [one, two] = await reader.predict([documents[0]!, documents[1]!]);
    expect(one!.docKey).toBe(documents[0]!.docKey);
    expect(await reader.predict([documents[1]!])).toEqual([two]);
    await using quantised = await openReader(engine, { reader: whole, weights: 'int8' });
    expect((await quantised.predict([documents[0]!])).length).toBe(1);
  });

  it('with low-rank branches and one task, too', async () => {
    const outDir = join(home, 'lora');
    const result = await trainReader({ dataDir, outDir, ...small, epochs: 1, tuning: 'lora', tasks: ['entity'], threads: 2 });
    expect(result.ended).toBe('finished');
    const metrics = JSON.parse((await readFile(join(outDir, 'metrics.jsonl'), 'utf8')).split('\n')[0]!);
    expect(Object.keys(metrics)).toContain('entity');
    expect(Object.keys(metrics)).not.toContain('relation');
    expect((await describeReader({ reader: outDir })).folder).toBe(outDir);
  });

  it('says what it would cost, and refuses what does not fit', async () => {
    const price = await priceOfTraining({ dataDir, ...small, epochs: 10, threads: 2 });
    expect(price).toMatchObject({ steps: 20 });
    expect(price.minutes).toBeCloseTo((price.steps * price.secondsPerStep) / 60);
    await expect(trainReader({ dataDir: join(home, 'nowhere'), outDir: join(home, 'x') })).rejects.toThrow(NotFoundError);
    await expect(trainReader({ dataDir, outDir: join(home, 'x'), epochs: 0 })).rejects.toThrow(ConfigError);
    await expect(trainReader({ dataDir, outDir: join(home, 'whole'), ...small, epochs: 9 })).rejects.toThrow(/run that is begun there/);
  });
});
