import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type BaseModel, fisherDiagonal, fisherEntries, full, packedFeeds, type Recipe, type TokenText, trainingGraph } from '../../adapt/index.ts';
import { ConfigError, nameOf } from '../../core/index.ts';
import { writeWhole } from '../../formats/index.ts';
import { type Binding, openEngine, type TensorData } from '../../runtime/index.ts';

const schema = z.strictObject({
  /** Of the entries of all linears. */
  share: z.number().gt(0).max(1).default(0.005),
  /** Texts that the information is estimated from. */
  samples: z.number().int().min(1).max(4096).default(64),
});

/** Whether a run trains entries that the samples are to choose. */
export const choosesEntries = ({ method, options }: { readonly method?: string | undefined; readonly options?: object | undefined }): boolean =>
  method === 'fisher-masked' && !(options && 'entries' in options);

/**
 * The entries of linears' weights that matter most to texts, by their Fisher information: what `fisher-masked` trains.
 *
 * @param kept  the file they are kept in, so that a run that goes on has the same, and what they were chosen for: others are not taken for them
 * @throws ConfigError for other options than `share` and `samples` · the signal's reason
 */
export const chooseEntries = async (
  kept: { readonly file: string; readonly of: object } | undefined,
  base: BaseModel,
  texts: readonly TokenText[],
  {
    options = {},
    seed,
    threads,
    signal,
    onProgress,
  }: {
    readonly options?: object | undefined;
    readonly seed: Recipe['seed'];
    readonly threads: number;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<Record<string, string>> => {
  const asked = schema.safeParse(options);
  if (!asked.success)
    throw new ConfigError(`fisher-masked: expected entries, or share and samples to choose them by, got ${JSON.stringify(options).slice(0, 80)}`);
  const { share, samples } = asked.data;
  const of = JSON.stringify({ ...kept?.of, share, samples });
  const known = kept && (await readFile(kept.file, 'utf8').catch(() => undefined));
  if (known !== undefined) {
    const found = JSON.parse(known) as { readonly of: string; readonly entries: Record<string, string> };
    if (found.of === of) return found.entries;
  }
  const method = full();
  const { objective, parameters, frozen } = await trainingGraph(base, { method, weights: 'f32', still: true });
  const linears = parameters.filter(({ shape }) => shape.length === 2);
  const values: Record<string, TensorData> = {};
  for (const node of parameters)
    values[nameOf(node)] = { dtype: 'float32', shape: node.shape as readonly number[], data: await method.start(node, seed, base.source.values) };
  const trained = new Set(linears.map(nameOf));
  const still = parameters.filter((node) => !trained.has(nameOf(node)));
  const bindings: [string, Binding][] = [
    ...[...frozen].filter(([name]) => !trained.has(name)),
    ...still.map((node): [string, Binding] => [nameOf(node), { kind: 'constant', value: values[nameOf(node)]! }]),
  ];
  await using engine = await openEngine({ process: true, threads, ...(signal && { signal }) });
  const used = texts.slice(0, samples);
  const fed = function* () {
    for (const [done, text] of used.entries()) {
      signal?.throwIfAborted();
      onProgress?.(done, used.length);
      yield packedFeeds([[text]])[0]!;
    }
  };
  const fisher = await fisherDiagonal({
    engine,
    name: 'entries',
    loss: objective.loss,
    parameters: linears,
    values,
    frozen: new Map(bindings),
    samples: fed(),
  });
  const entries = fisherEntries(fisher, share);
  if (kept) await writeWhole(kept.file, [Buffer.from(JSON.stringify({ of, entries }))]);
  return entries;
};
