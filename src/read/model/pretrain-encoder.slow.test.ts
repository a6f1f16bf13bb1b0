import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, FormatError, NotFoundError, nameOf } from '../../core/index.ts';
import { encoderValues, openEncoder } from './encoder.ts';
import { finishReader } from './finish-reader.ts';
import { predictionParameters } from './network/prediction-graph.ts';
import { pretrainEncoder } from './pretrain-encoder.ts';
import { readPretrained } from './pretrained-encoder.ts';
import { defaultReader } from './reader-config.ts';
import { describeFolder, readReaderValues } from './reader-folder.ts';
import { trainReader } from './train-reader.ts';

const sentences = [
  'We propose a neural network for speech recognition.',
  'The parser is trained on a large corpus of text.',
  'Experiments show that the method improves accuracy.',
  'A graph describes how entities are related.',
];
const documents = Array.from({ length: 24 }, (_, i) => ({ title: `Document ${i}`, abstract: [0, 1, 2].map((k) => sentences[(i + k) % 4]).join(' ') }));
const dygie = {
  doc_key: 'one',
  sentences: [['We', 'propose', 'a', 'parser', 'for', 'text', '.']],
  ner: [
    [
      [3, 3, 'Method'],
      [5, 5, 'Material'],
    ],
  ],
  relations: [[[3, 3, 5, 5, 'USED-FOR']]],
  clusters: [],
};

let home: string;
let data: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lyceum-pretrain-'));
  data = join(home, 'abstracts.jsonl');
  await writeFile(data, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
  for (const name of ['train.json', 'dev.json']) await writeFile(join(home, name), `${JSON.stringify(dygie)}\n`);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const small = { batch: 8, epochs: 3, threads: 2 };
const metricsOf = (folder: string) => readFile(join(folder, 'metrics.jsonl'), 'utf8');

describe('pre-training an encoder', () => {
  it('cancelled and gone on with, gives what one go gives; guesses get better; a reader begins with it', async () => {
    const [whole, broken] = [join(home, 'whole'), join(home, 'broken')];
    const result = await pretrainEncoder({ data, outDir: whole, ...small });
    expect(result).toMatchObject({ ended: 'finished', step: 9 });
    expect(result.heldOut!.after.loss).toBeLessThan(result.heldOut!.before.loss);
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => step === 5 && stop.abort();
    expect(await pretrainEncoder({ data, outDir: broken, ...small, signal: stop.signal, onProgress })).toMatchObject({ ended: 'cancelled', step: 5 });
    expect((await pretrainEncoder({ data, outDir: broken, ...small })).heldOut).toEqual(result.heldOut);
    expect(await metricsOf(broken)).toBe(await metricsOf(whole));

    const encoder = await openEncoder();
    const parameters = predictionParameters(encoder.config, defaultReader);
    const { values, sha256 } = await readPretrained(whole, encoder, parameters);
    const base = await encoderValues(encoder, parameters);
    expect(Object.keys(values).sort()).toEqual(Object.keys(base).sort());
    await expect(pretrainEncoder({ data, outDir: whole, ...small, epochs: 4 })).rejects.toThrow(ConfigError);

    // Branches that stay as they are show what the reader began with.
    const outDir = join(home, 'reader');
    const training = { dataDir: home, outDir, epochs: 1, average: null, tuning: 'lora', encoderRate: 1e-9, threads: 2 } as const;
    await trainReader({ ...training, encoderDir: whole });
    expect(JSON.parse(await readFile(join(outDir, 'run.json'), 'utf8')).data['encoder.safetensors']).toBe(sha256);
    const read = await readReaderValues(await describeFolder(outDir), encoder);
    for (const node of parameters) {
      const name = nameOf(node);
      if (!values[name]) continue;
      const [own, from, package_] = [read[name]!, values[name]!, base[name]!].map(({ data: list }) => list as Float32Array);
      const apart = (a: Float32Array, b: Float32Array) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
      const moved = apart(from!, package_!);
      // Eight bits round to a 254th of the largest difference.
      expect(apart(own!, from!)).toBeLessThanOrEqual(moved / 250 + 1e-6);
    }
    await expect(trainReader(training)).rejects.toThrow(/run that is begun there/);
    await expect(finishReader(outDir)).rejects.toThrow(ConfigError);
    await expect(finishReader(outDir, { encoderDir: whole })).resolves.toBeUndefined();
  });

  it('refuses what does not fit', async () => {
    await writeFile(join(home, 'one.jsonl'), '{"abstract":"A single text."}\n');
    await expect(pretrainEncoder({ data: join(home, 'one.jsonl'), outDir: join(home, 'x') })).rejects.toThrow(/expected at least 2 documents/);
    await expect(pretrainEncoder({ data, outDir: join(home, 'x'), epochs: 0 })).rejects.toThrow(ConfigError);
    await expect(trainReader({ dataDir: home, outDir: join(home, 'x'), encoderDir: home })).rejects.toThrow(NotFoundError);
    await writeFile(join(home, 'encoder.json'), '{"format":2}');
    await expect(trainReader({ dataDir: home, outDir: join(home, 'x'), encoderDir: home })).rejects.toThrow(FormatError);
  });
});
