import type { Node, Program } from '../core/index.ts';

/** What a training graph knows beside the model. */
export interface AdaptContext {
  /** uint32 [1], the key of what is random in a step. Without it nothing is dropped: that is how an adapted model is used. */
  readonly key?: Node;
}

/** A model with an adapter on it. */
export interface Adapted {
  readonly roots: Node[];
  /** What is trained; everything else stays as it was. */
  readonly parameters: readonly Node[];
  /** What routers decided, by the site of the linear they stand beside: shares [batch, seq, experts]. */
  readonly shares: ReadonlyMap<string, Node>;
}

/** An adapter that is no longer trained. */
export interface Settled {
  /** As `Method.apply`, and on weights of any kind. */
  apply(roots: readonly Node[]): Node[];
  /** Of the parameters that `apply` adds. */
  readonly values: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/** Reads a parameter of the base model, float32, in our arrangement. */
export type ReadBase = (parameter: string) => Promise<Float32Array>;

/**
 * A way to adapt a model: an edit of its graph, as data. It prints, compares and is saved; the same edit works on every family and on the encoder.
 */
export interface Method {
  /** `lora`, `loramoe`, …: its name on the command line and in files. */
  readonly kind: string;
  /** Everything that decides what is built; JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Adds its branches to a graph. Before any edit of weights: what is packed no longer shows where a linear begins. */
  apply(roots: readonly Node[], context?: AdaptContext): Adapted;
  /**
   * First values of one of its parameters, with which the model computes what it did before.
   *
   * @param base  for methods that begin from what the model has
   */
  start(parameter: Node, seed: number, base: ReadBase): Promise<Float32Array>;
  /**
   * A weight [out, in] of the base with the adapter in it; without this function, `unmergeable` says why there is none.
   *
   * @param site  of the linear, `blocks.0.mlp.up`; its weight is `SITE.weight`
   * @param own   values of the adapter's parameters
   */
  merge?(site: string, weight: Float32Array, own: ReadonlyMap<string, Float32Array>): Float32Array;
  readonly unmergeable?: string;
  /**
   * The adapter as it is used once it is trained, for methods whose graph computes what no text changes: here that is computed once.
   *
   * @param own  values of the adapter's parameters
   */
  settle?(own: ReadonlyMap<string, Float32Array>, base: ReadBase): Promise<Settled>;
  /** Why there is nothing to train: the values of `start` are those it is used with. */
  readonly untrainable?: string;
  /** How many virtual tokens whoever runs the model puts before every text, in training as at use: the ids after those of words, `vocab`, `vocab + 1`, … Default none. */
  readonly virtualTokens?: number;
  /** How many tokens of what is asked its virtual tokens are made of, at most, from the beginning: whoever runs the model feeds those as `asked`, see `instancePrompt`. Default: virtual tokens are the same before every text. */
  readonly askedTokens?: number;
}

/** A program with a method's edit on it. */
export const adapt = (program: Program, method: Method, context?: AdaptContext): { readonly program: Program } & Pick<Adapted, 'parameters' | 'shares'> => {
  const names = Object.keys(program.outputs);
  const { roots, parameters, shares } = method.apply(Object.values(program.outputs), context);
  return {
    program: { ...program, name: `${program.name}/${method.kind}`, outputs: Object.fromEntries(names.map((name, i) => [name, roots[i]!])) },
    parameters,
    shares,
  };
};

/** Adds nothing: the model as it was. */
export const untouched: Method = {
  kind: 'base',
  options: {},
  apply: (roots) => ({ roots: [...roots], parameters: [], shares: new Map() }),
  start: () => Promise.resolve(new Float32Array()),
};
