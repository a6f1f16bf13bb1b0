import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, inOrder, isParameter, type Node, nameOf, type Program } from '../../core/index.ts';
import { type Binding, type Engine, type Executable, openEngine, type TensorData } from '../../runtime/index.ts';
import { epochBatches, epochOrder, openRun, type TrainResult, train, type Verdict } from '../../train/index.ts';
import { readAbstracts, subwordsOf } from './abstracts.ts';
import { bestValues } from './best-values.ts';
import { type Encoder, encoderValues, openEncoder, wordTable, wordTableBinding } from './encoder.ts';
import { initialValues } from './initial-values.ts';
import { maskedFeeds, maskWords, type SubwordText } from './masked-batch.ts';
import { maskedLanguageGraph } from './network/masked-language-graph.ts';
import { groupsOf } from './parameter-groups.ts';
import { type PretrainingConfig, type PretrainingInput, pretrainingConfig } from './pretrain-config.ts';
import { writePretrained } from './pretrained-encoder.ts';
import type { RunOptions } from './run-options.ts';
import { isEncoder } from './tuning.ts';

export interface PretrainOptions extends PretrainingInput, RunOptions {
  /** JSON Lines with `abstract` and, if there is one, `title`, or with `text`; `.gz` is unpacked. */
  readonly data: string;
  /** Gets the run (`run.json`, `metrics.jsonl`, checkpoints) and, at the end, the encoder. The same call resumes. */
  readonly outDir: string;
}

export interface PretrainResult extends TrainResult {
  readonly outDir: string;
  /** Nats and share of right guesses on the documents held out, with the package's encoder and a new head, and with the best weights. */
  readonly heldOut?: { readonly documents: number; readonly before: Guesses; readonly after: Guesses };
}

interface Guesses {
  readonly loss: number;
  readonly accuracy: number;
}

/**
 * Goes on with the encoder's own training on plain texts: masked subwords are guessed (BERT, arXiv:1810.04805), so that the encoder knows the language of the domain before a reader is trained
 * from it. The word table stays as it is. The weights that guess best on documents held out are kept.
 *
 * @throws NotFoundError, FormatError for the data, ConfigError for options, for too few documents or a folder that holds another run
 */
export const pretrainEncoder = async ({
  data,
  outDir,
  threads,
  device,
  process: apart = true,
  signal,
  onProgress,
  onNote,
  ...given
}: PretrainOptions): Promise<PretrainResult> => {
  const config = pretrainingConfig(given);
  const encoder = await openEncoder();
  const { texts: all, sha256 } = await readAbstracts(data);
  onNote?.(`cutting ${all.length} texts into subwords`);
  const drawn = epochOrder(config.seed, 0, all.length).slice(0, config.limit ?? all.length);
  const texts = drawn.flatMap((i) => subwordsOf(all[i]!, encoder.tokenizer, config.window - 2) ?? []);
  if (texts.length < 2) throw new ConfigError(`${data}: expected at least 2 documents with words, got ${texts.length}; give more`);
  const heldOut = Math.max(1, Math.min(config.heldOut, Math.floor(texts.length / 10)));
  await using engine = await openEngine({ process: apart, ...(threads && { threads }), ...(device && { device }) });
  const description = { kind: 'encoder', config, data: { texts: sha256 }, seed: config.seed };
  await openRun(outDir, description, engine.info);
  const prepared = await prepare(encoder, config, texts.slice(heldOut));
  await using judge = await openJudge(engine, encoder, config, prepared, texts.slice(0, heldOut));
  const result = await run(engine, encoder, config, prepared, texts.slice(heldOut), {
    outDir,
    judge: async (held) => {
      const metrics = await judge.guess(held);
      return { score: -metrics.loss, metrics: { ...metrics } };
    },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
  });
  if (result.ended === 'cancelled') return { ...result, outDir };

  const first = (name: string): string => `first:${name}`;
  await engine.put(Object.fromEntries(prepared.trained.map((node) => [first(nameOf(node)), prepared.initial[nameOf(node)]!])));
  const before = await judge.guess(first);
  const { values, epoch } = await bestValues(outDir);
  const looked = (await readFile(join(outDir, 'metrics.jsonl'), 'utf8')).split('\n').flatMap((line) => (line.includes('"dev"') ? [JSON.parse(line)] : []));
  const after = (looked as { epoch: number; dev: Guesses }[]).find((line) => line.epoch === epoch)!.dev;
  const judged = { documents: heldOut, before, after };
  await writePretrained(outDir, { encoder, values, training: { ...description, epoch, trainedOn: texts.length - heldOut, heldOut: judged } });
  return { ...result, outDir, heldOut: judged };
};

interface Prepared {
  readonly objective: { readonly loss: Node; readonly metrics: Readonly<Record<string, Node>> };
  readonly trained: readonly Node[];
  readonly initial: Readonly<Record<string, TensorData>>;
  readonly frozen: ReadonlyMap<string, Binding>;
}

/** The loss and first values: the package's encoder and a head that at first guesses by how frequent a subword is. */
const prepare = async (encoder: Encoder, config: PretrainingConfig, texts: readonly SubwordText[]): Promise<Prepared> => {
  const { loss } = maskedLanguageGraph(encoder.config, { dropout: config.dropout });
  const parameters = inOrder([loss]).filter(isParameter);
  const table = parameters.find((node) => nameOf(node) === wordTable)!;
  const trained = parameters.filter((node) => node !== table);
  const heads = trained.filter((node) => !isEncoder(nameOf(node)));
  const initial = { ...(await encoderValues(encoder, trained)), ...initialValues(heads, config.seed) };
  (initial['mlm.norm.weight']!.data as Float32Array).fill(1);
  (initial['mlm.bias']!.data as Float32Array).set(logFrequencies(texts, encoder.config.vocab));
  return { objective: { loss, metrics: {} }, trained, initial, frozen: new Map([[wordTable, wordTableBinding(encoder, table)]]) };
};

/** log share of every subword, none is 0. */
const logFrequencies = (texts: readonly SubwordText[], vocab: number): Float32Array => {
  const counts = new Float64Array(vocab).fill(0.1);
  for (const { ids } of texts) for (const id of ids) counts[id]!++;
  const total = counts.reduce((a, b) => a + b, 0);
  return Float32Array.from(counts, (count) => Math.log(count / total));
};

interface EncoderRun extends Pick<RunOptions, 'signal' | 'onProgress' | 'onNote'> {
  readonly outDir: string;
  readonly judge: (residentOf: (parameter: string) => string) => Promise<Verdict>;
}

const run = (
  engine: Engine,
  encoder: Encoder,
  config: PretrainingConfig,
  { objective, trained, initial, frozen }: Prepared,
  texts: readonly SubwordText[],
  { outDir, judge, signal, onProgress, onNote }: EncoderRun,
): Promise<TrainResult> => {
  const { seed, batch } = config;
  const lengths = texts.map(({ ids }) => ids.length);
  return train({
    engine,
    folder: outDir,
    name: 'encoder',
    objective,
    groups: groupsOf(trained, config),
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clipNorm: config.clipNorm },
    schedule: { kind: config.schedule, warmup: config.warmup },
    frozen,
    initial: async () => initial,
    epochs: config.epochs,
    seed,
    // An example is a text in an epoch, for it is masked anew in each.
    batches: (epoch) => epochBatches(lengths, { seed, epoch, batch }).map((chosen) => chosen.map((i) => epoch * texts.length + i)),
    feeds: (chosen) => {
      const { feeds, masked } = feedsOf(
        chosen.map((i) => i % texts.length),
        texts,
        encoder,
        config,
        Math.floor(chosen[0]! / texts.length),
      );
      return [{ ...feeds, lossScale: scalar(1 / masked) }];
    },
    evaluation: { after: () => true, judge },
    lengths: typicalLengths,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onNote && { onNote }),
  });
};

// What the order of computation is planned for.
const typicalLengths = { batch: 20, seq: 215, masked: 640 };
// In place of an epoch, where texts are masked to be judged: the same in every epoch, and none of those trained on.
const judged = 2 ** 31;

const feedsOf = (chosen: readonly number[], texts: readonly SubwordText[], { config: { vocab }, special }: Encoder, config: PretrainingConfig, epoch: number) =>
  maskedFeeds(
    chosen.map((i) => ({ ids: texts[i]!.ids, masking: maskWords(texts[i]!, { masked: config.masked, maskId: special.mask, vocab }, [config.seed, epoch, i]) })),
    special,
  );

/** Guesses masked subwords of texts that are not trained on, masked in the same way every time. */
const openJudge = async (
  engine: Engine,
  encoder: Encoder,
  config: PretrainingConfig,
  { trained, frozen }: Prepared,
  texts: readonly SubwordText[],
): Promise<{ guess(residentOf: (parameter: string) => string): Promise<Guesses> } & AsyncDisposable> => {
  const { loss, correct } = maskedLanguageGraph(encoder.config);
  const program: Program = { name: 'encoder/judge', outputs: { loss, correct } };
  const bindings = new Map<string, Binding>([...frozen, ...trained.map((node): [string, Binding] => [nameOf(node), { kind: 'trainable' }])]);
  const executable: Executable = await engine.compile(program, bindings, { arena: true, lengths: typicalLengths });
  const order = texts.map((_, i) => i).sort((a, b) => texts[a]!.ids.length - texts[b]!.ids.length || a - b);
  return {
    async guess(residentOf) {
      let [nats, right, count] = [0, 0, 0];
      const resident = Object.fromEntries(trained.map((node) => [nameOf(node), residentOf(nameOf(node))]));
      for (let from = 0; from < order.length; from += config.batch) {
        const { feeds, masked } = feedsOf(order.slice(from, from + config.batch), texts, encoder, config, judged);
        const found = await executable.run({ ...feeds, lossScale: scalar(1) }, { resident });
        nats += Number(found['loss']!.data[0]);
        right += Number(found['correct']!.data[0]);
        count += masked;
      }
      return { loss: nats / count, accuracy: right / count };
    },
    [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
  };
};

const scalar = (value: number): TensorData => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
