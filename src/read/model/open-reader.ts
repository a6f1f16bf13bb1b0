import { ConfigError } from '../../core/index.ts';
import type { AnnotatedDocument, TokenDocument } from '../../evaluate/index.ts';
import { quantise } from '../../nn/index.ts';
import type { Binding, Engine, TensorData } from '../../runtime/index.ts';
import { type Encoder, openEncoder, wordTable, wordTableBinding } from './encoder.ts';
import { quantisedSites } from './measure-ranges.ts';
import { predictionParameters, spanProgram } from './network/prediction-graph.ts';
import { openPredictor } from './predict.ts';
import { describeFolder, type ReaderDescription, readReaderRanges, readReaderValues } from './reader-folder.ts';

/** How the encoder's products are computed: in float32, or quantised. `auto` is `int8` for a reader that brings the ranges of its activations (docs/results.md has what it costs), else `f32`. */
export type ReaderWeights = 'auto' | 'f32' | 'int8' | 'int4';

export interface ReaderChoice {
  /** Name of a shipped reader, or a folder that training wrote. Default 'scierc'. */
  readonly reader?: string;
  readonly weights?: ReaderWeights;
}

export interface Reader extends AsyncDisposable {
  /** Changes whenever the same document may be read differently. */
  readonly version: string;
  /**
   * Reads documents given as tokens; results in the same order, with probabilities as scores. A reading depends on the document and the reader alone.
   *
   * @throws the signal's reason between groups of documents
   */
  predict(
    documents: readonly TokenDocument[],
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (done: number) => void },
  ): Promise<AnnotatedDocument[]>;
}

const versionOf = (name: string, sha256: string, weights: Exclude<ReaderWeights, 'auto'>): string => `${name}-${sha256.slice(0, 12)}-${weights}`;
const resolved = ({ ranges }: ReaderDescription, weights: ReaderWeights = 'auto'): Exclude<ReaderWeights, 'auto'> => {
  if (!['auto', 'f32', 'int8', 'int4'].includes(weights)) throw new ConfigError(`reader: expected weights auto, f32, int8 or int4, got ${weights}`);
  if (weights !== 'auto') return weights;
  return ranges ? 'int8' : 'f32';
};

/** Name, folder and version of a reader, without starting anything. @throws as `describeFolder` */
export const describeReader = async ({ reader, weights }: ReaderChoice = {}): Promise<{ name: string; folder: string; version: string }> => {
  const description = await describeFolder(reader);
  const { name, folder, sha256 } = description;
  return { name, folder, version: versionOf(name, sha256, resolved(description, weights)) };
};

/**
 * Opens a reader on an engine.
 *
 * @throws NotFoundError where there is no such reader · FormatError where its files or the encoder's are not what they should be
 */
export const openReader = async (engine: Engine, { reader, weights }: ReaderChoice = {}): Promise<Reader> => {
  const description = await describeFolder(reader);
  const encoder = await openEncoder();
  const values = await readReaderValues(description, encoder);
  const mode = resolved(description, weights);
  const { config } = description;
  const program = spanProgram(encoder.config, config);
  const quantised =
    mode === 'f32'
      ? undefined
      : quantise(Object.values(program.outputs), {
          bits: mode === 'int8' ? 'int8' : 4,
          targets: quantisedSites,
          ...(mode === 'int8' && { ranges: await readReaderRanges(description) }),
        });
  const names = Object.keys(program.outputs);
  const spans = quantised ? { name: `reader/spans/${mode}`, outputs: Object.fromEntries(names.map((name, i) => [name, quantised.roots[i]!])) } : program;
  const predictor = await openPredictor({ engine, encoder, config, bindings: bindingsOf(encoder, config, values, quantised?.weights ?? []), spans });
  return {
    version: versionOf(description.name, description.sha256, mode),
    predict: (documents, options) => predictor.predict(documents, options),
    [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
  };
};

const bindingsOf = (
  encoder: Encoder,
  config: Parameters<typeof predictionParameters>[1],
  values: Readonly<Record<string, TensorData>>,
  quantised: ReturnType<typeof quantise>['weights'],
): Map<string, Binding> => {
  const table = predictionParameters(encoder.config, config).find((node) => node.attrs.name === wordTable)!;
  const bindings = new Map<string, Binding>([[wordTable, wordTableBinding(encoder, table)]]);
  for (const [name, value] of Object.entries(values)) bindings.set(name, { kind: 'constant', value });
  for (const weight of quantised)
    for (const [name, value] of Object.entries(weight.make(values[weight.from]!.data as Float32Array))) bindings.set(name, { kind: 'constant', value });
  return bindings;
};
