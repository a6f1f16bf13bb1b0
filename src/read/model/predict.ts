import { leavesOf, type Program } from '../../core/index.ts';
import type { AnnotatedDocument, TokenDocument } from '../../evaluate/index.ts';
import type { Binding, Engine, Executable } from '../../runtime/index.ts';
import type { Call, Calls } from './calls.ts';
import type { Encoder } from './encoder.ts';
import { linkProgram, pairProgram, spanProgram } from './network/prediction-graph.ts';
import type { ReaderConfig } from './reader-config.ts';
import { readGroup } from './reading.ts';

export interface PredictorOptions {
  readonly engine: Engine;
  readonly encoder: Encoder;
  readonly config: ReaderConfig;
  /** Of every parameter. */
  readonly bindings: ReadonlyMap<string, Binding>;
  /** Where a parameter is bound as trainable: name of the engine's tensor that is its value now. */
  readonly residentOf?: (parameter: string) => string;
  /** The program of the first call, where an edit has changed it. */
  readonly spans?: Program;
}

/** Reads documents given as tokens. */
export interface Predictor extends AsyncDisposable {
  /**
   * Predictions in the order given. What is predicted for a document depends on its tokens alone, not on what is read beside it; gold fields are not looked at.
   *
   * @param options.onProgress  after every group of documents, with the number read so far
   * @throws the signal's reason between groups
   */
  predict(
    documents: readonly TokenDocument[],
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (done: number) => void },
  ): Promise<AnnotatedDocument[]>;
}

const groupWords = 16_384; // words of the documents whose hidden states are held at a time

/** Compiles the three programs of a reader. */
export const openPredictor = async ({ engine, encoder, config, bindings, residentOf, spans }: PredictorOptions): Promise<Predictor> => {
  const open: Executable[] = [];
  const compile = async (program: Program): Promise<Call> => {
    const { parameters } = leavesOf(Object.values(program.outputs));
    const own = new Map([...bindings].filter(([name]) => parameters.has(name)));
    const executable = await engine.compile(program, own, { arena: true });
    open.push(executable);
    const trainable = [...own].filter(([, { kind }]) => kind === 'trainable').map(([name]) => name);
    const weights = (): Record<string, string> => Object.fromEntries(trainable.map((name) => [name, residentOf?.(name) ?? name]));
    return (feeds, { resident = {}, keep = {} } = {}) => executable.run(feeds, { resident: { ...weights(), ...resident }, keep });
  };
  const calls: Calls = {
    spans: await compile(spans ?? spanProgram(encoder.config, config)),
    pairs: await compile(pairProgram(encoder.config, config)),
    links: await compile(linkProgram(config)),
    drop: (names) => engine.drop(names),
  };
  return {
    async predict(documents, { signal, onProgress } = {}) {
      const out: AnnotatedDocument[] = [];
      for (let from = 0; from < documents.length; ) {
        signal?.throwIfAborted();
        let [to, words] = [from, 0];
        while (to < documents.length && (to === from || words < groupWords)) words += documents[to++]!.sentences.reduce((sum, s) => sum + s.length, 0);
        out.push(...(await readGroup(documents.slice(from, to), calls, encoder, config)));
        from = to;
        onProgress?.(from);
      }
      return out;
    },
    async [Symbol.asyncDispose]() {
      for (const executable of open) await executable[Symbol.asyncDispose]();
    },
  };
};
