import { createHash } from 'node:crypto';
import { ConfigError, elements, inOrder, isParameter, nameOf, type Program, UnsupportedError } from '../../core/index.ts';
import type { CausalSource } from '../../models/index.ts';
import { foldedProducts, lowRankParameters, packed, type QuantisedWeight, type QuantiseOptions, quantise, smoothingDivisors } from '../../nn/index.ts';
import { type Binding, type Device, describeMachine } from '../../runtime/index.ts';
import type { MeasuredWeights } from './measured-weights.ts';
import type { ModelWeights } from './text-request.ts';

export type WeightMode = Exclude<ModelWeights, 'auto'>;
type Mode = WeightMode;
type Constant = Extract<Binding, { kind: 'constant' }>['value'];

const inBlocks = /^blocks\.\d+\.(attn\.(q|k|v|out)|mlp\.(gate|up|down))$/;
const head = /^logits$/;
const linears = new RegExp(`${inBlocks.source}|${head.source}`);
/** What enters these has a few channels many times larger than the rest, which eight bits would lose (docs/LOG.md): they are divided down. What enters attn.out has none. */
export const smooth: RegExp = /attn\.(q|k|v)$|mlp\.(gate|up|down)$|^logits$/;

/** Linears for which a scale a row is too coarse, with the head: half of what `int8` loses is lost there. */
const sensitive = ({ member: { config } }: CausalSource): RegExp => new RegExp(`^blocks\\.(0|${config.layers - 1})\\.mlp\\.down$`);

/** Most that a mode's perplexity may lie above that of float32, as a share, for `auto` to take it. */
export const mostPerplexityLoss = 0.01;

/** What `auto` takes, and what it reads long prompts with. */
export interface AutoChoice {
  readonly weights: Mode;
  /** For prompts of many tokens, where they have a step of their own. */
  readonly longPrompts?: Mode;
}

/** Rates of decoding one text that are nearer than this are alike, and then `int8` is taken: it is quicker for several texts and for prompts, and what else is at work changes an answer least with it. */
const alike = 0.95;

/**
 * Measured: of the modes whose perplexity is within 1 % of float32 the fastest, `int8` where it is as fast; `int4` reads long prompts with `int8` where that is within 1 % too and
 * reads faster. Not measured: float32 for files of floats; for files in blocks of few bits `int8` on processors that add bytes in 32 bits, else the blocks as they are, `int4`.
 */
export const autoChoice = (source: CausalSource, measured?: MeasuredWeights): AutoChoice => {
  if (!measured) {
    return choiceOf(!isInBits(source) ? 'f32' : exactIn32Bits() ? 'int8' : 'int4');
  }
  const { modes } = measured;
  const near = (['f32', 'int8', 'int4'] as const).filter((mode) => modes[mode].perplexity <= modes.f32.perplexity * (1 + mostPerplexityLoss));
  const fastest = near.reduce((best, mode) => (modes[mode].decodePerSecond > modes[best].decodePerSecond ? mode : best));
  if (near.includes('int8') && modes.int8.decodePerSecond >= alike * modes[fastest].decodePerSecond) return choiceOf('int8');
  const long = fastest === 'int4' && near.includes('int8') && modes.int8.readPerSecond > modes.int4.readPerSecond;
  return { weights: fastest, ...(long && { longPrompts: 'int8' as const }) };
};

/** Whether the file keeps weights in blocks of few bits that can be used as they are. */
const isInBits = (source: CausalSource): boolean => source.parameters.some((node) => source.packedForm(nameOf(node)));

/** A mode with the step that suits long prompts: `int8` has one of its own weights. */
const choiceOf = (weights: Mode): AutoChoice => ({ weights, ...(weights === 'int8' && { longPrompts: weights }) });

/** The modes that a wish comes to. WebGPU has blocks and floats, and no products of whole numbers. @throws ConfigError for another word, UnsupportedError for what the device does not compute */
export const chooseWeights = (source: CausalSource, weights: ModelWeights = 'auto', measured?: MeasuredWeights, device: Device = 'cpu'): AutoChoice => {
  if (!['auto', 'f32', 'int8', 'int4'].includes(weights)) throw new ConfigError(`model: expected weights auto, f32, int8 or int4, got ${weights}`);
  if (device === 'webgpu' && weights === 'int8')
    throw new UnsupportedError(
      'model: expected weights auto, f32 or int4 on webgpu, got int8, whose products have no kernel there; take --weights int4, or --device cpu',
    );
  if (weights !== 'auto') return choiceOf(weights);
  if (device === 'cpu') return autoChoice(source, measured);
  return { weights: isInBits(source) ? 'int4' : 'f32' };
};

/**
 * How parameters are held: `inPlace`, mapped from the model's own file; in `blocks` of few bits, exactly as the file has them; `rounded` to fewer bits; `reordered`, float32 as in the file and laid out
 * anew; `expanded` to float32. A table of words that is the head too may be held twice.
 */
export interface HeldWeights {
  readonly how: 'inPlace' | 'blocks' | 'rounded' | 'reordered' | 'expanded';
  readonly tensors: number;
  readonly sizeBytes: number;
}

export interface HoldOptions {
  /** For processors that cut sums of bytes off too, whatever this one does. */
  readonly anywhere?: boolean;
  /** Whether it computes many rows at once, prompts or training texts. */
  readonly many?: boolean;
  /** With `int8`: gradients go back through whole numbers too, but for the head's: most of a softmax are numbers so much smaller than its largest that a byte has no steps for them. */
  readonly backward?: boolean;
  /** Only outputs are read, no site and no gradient: what can be worked out of weights alone, or within another product, is. */
  readonly quick?: boolean;
  /** Names of parameters that are no weights of the model. Default: those of low-rank branches. */
  readonly besides?: ReadonlySet<string>;
}

export interface Prepared {
  readonly program: Program;
  /** Parameters that are read where they lie. */
  readonly inPlace: ReadonlyMap<string, Binding>;
  /** The others, but for those of low-rank branches. */
  readonly names: readonly string[];
  /** What their values depend on beside the files and the mode: which weights are rounded, and which of them share divisors. */
  readonly form: string;
  /** How all of these are held; none of them is read for this. */
  readonly held: readonly HeldWeights[];
  /**
   * Their values, each made of what the files hold, and what the same program would read that is not `quick`.
   *
   * @param sizes  asked for where inputs are divided; without it none is
   */
  make(sizes?: Sizes): Promise<Map<string, Binding>>;
}

/**
 * A program whose linears read weights in a mode.
 *
 * @throws as `quantise`
 */
export const withWeights = (
  source: CausalSource,
  program: Program,
  mode: Mode,
  { anywhere = false, many = false, backward = false, quick = false, besides }: HoldOptions = {},
): Prepared => {
  let roots = Object.values(program.outputs);
  const taken = new Map<string, Taken>();
  const left = (targets: RegExp): string[] => weightsOf(source, targets).filter((name) => !taken.has(name));
  const asKept = (targets: RegExp): void => {
    const forms = new Map(
      left(targets).flatMap((name) => {
        const form = source.packedForm(name);
        return form ? [[name, form] as const] : [];
      }),
    );
    if (forms.size === 0) return;
    const edited = packed(roots, forms);
    roots = edited.roots;
    for (const { from, make } of edited.weights) taken.set(from, { how: 'blocks', make: async () => make(await source.packedValues(from)) });
  };
  const rounded = (options: QuantiseOptions & { readonly targets: RegExp }): void => {
    if (left(options.targets).length === 0) return;
    const edited = quantise(roots, options);
    roots = edited.roots;
    const divisorsOf = sharedDivisors(source, edited.weights);
    for (const weight of edited.weights)
      taken.set(weight.from, {
        how: 'rounded',
        inverse: weight.inverse,
        make: async (sizes) => weight.make(await source.values(weight.from), sizes && (await divisorsOf(weight, sizes))),
      });
  };
  const inEights = (targets: RegExp): void => rounded({ bits: 8, targets, activations: 'int8' });
  if (mode === 'int4') {
    asKept(inBlocks);
    rounded({ bits: 4, targets: inBlocks, activations: 'int8' });
    asKept(head);
    inEights(head);
  }
  if (mode === 'int8' && !backward) {
    inEights(sensitive(source));
    asKept(head);
    inEights(head);
  }
  if (mode === 'int8')
    rounded({
      bits: 'int8',
      targets: linears,
      smooth,
      fold: quick,
      rows: many ? 'many' : 'few',
      ...(backward && { backward: { whole: inBlocks, float: head } }),
      weightMost: exactIn32Bits() && !anywhere ? 127 : 63,
    });
  const branches = besides ?? new Set(lowRankParameters(roots).map(nameOf));
  const folded = quick ? foldedProducts(roots, branches) : { roots, products: [] };
  roots = folded.roots;
  const parameters = new Map(
    inOrder(roots)
      .filter((node) => isParameter(node) && !branches.has(nameOf(node)))
      .map((node) => [nameOf(node), node]),
  );
  const inPlace = new Map<string, Binding>();
  for (const node of source.parameters) {
    const found = parameters.has(nameOf(node)) ? source.frozen(nameOf(node)) : undefined;
    if (found) inPlace.set(nameOf(node), found);
  }
  return {
    program: { ...program, name: `${program.name}/${mode}`, outputs: Object.fromEntries(Object.keys(program.outputs).map((name, i) => [name, roots[i]!])) },
    inPlace,
    names: [...parameters.keys()].filter((name) => !inPlace.has(name)),
    form: createHash('sha256')
      .update(
        [...taken]
          .map(([from, { how, inverse }]) => `${from} ${how} ${inverse}`)
          .sort()
          .join(),
      )
      .digest('hex')
      .slice(0, 16),
    get held() {
      return heldWeights(
        [...parameters].map(([as, { dtype, shape }]) => {
          const [name] = folded.products.find((product) => product.name === as)?.factors ?? [as];
          const own = inPlace.get(name);
          const from = [...taken.keys()].find((weight) => name.startsWith(`${weight}.`));
          const how = from !== undefined ? taken.get(from)!.how : source.stored(name) !== 'F32' ? 'expanded' : own ? 'inPlace' : 'reordered';
          return { how, from: from ?? name, sizeBytes: elements(shape as readonly number[]) * (dtype === 'float32' ? 4 : 1) };
        }),
      );
    },
    async make(sizes) {
      const values: Record<string, Constant> = {};
      let known: ReturnType<Sizes> | undefined;
      const once = sizes && (() => (known ??= sizes()));
      for (const { make } of taken.values()) Object.assign(values, await make(once));
      const valuesOf = async (name: string): Promise<Float32Array> => (values[name]?.data as Float32Array | undefined) ?? (await source.values(name));
      for (const { name, factors } of folded.products) {
        const [a, b] = [await valuesOf(factors[0]), await valuesOf(factors[1])];
        values[name] = { dtype: 'float32', shape: [a.length], data: a.map((value, i) => value * b[i]!) };
        for (const [i, data] of [a, b].entries()) values[factors[i]!] ??= { dtype: 'float32', shape: [a.length], data };
      }
      for (const [name, { shape }] of parameters)
        if (!(name in values) && !inPlace.has(name)) values[name] = { dtype: 'float32', shape: shape as readonly number[], data: await source.values(name) };
      return new Map(Object.entries(values).map(([name, value]): [string, Binding] => [name, { kind: 'constant', value }]));
    },
  };
};

/** How large the channels of what enters linears usually are, by the linears' sites: see `channelSizes`. */
export type Sizes = () => Promise<ReadonlyMap<string, Float32Array>>;

interface Taken {
  readonly how: 'blocks' | 'rounded';
  /** Of an input that is divided: see `QuantisedWeight`. */
  readonly inverse?: string | undefined;
  make(sizes: Sizes | undefined): Promise<Readonly<Record<string, Constant>>>;
}

/** Divisors of the inputs that some linears share, made with the weights of all of them. */
const sharedDivisors = (source: CausalSource, weights: readonly QuantisedWeight[]) => {
  const found = new Map<string, Float32Array>();
  return async ({ site, inverse }: QuantisedWeight, sizes: Sizes): Promise<Float32Array | undefined> => {
    if (inverse === undefined) return undefined;
    const known = found.get(inverse);
    if (known) return known;
    const beside = weights.filter((other) => other.inverse === inverse);
    const made = smoothingDivisors((await sizes()).get(site)!, await Promise.all(beside.map(({ from }) => source.values(from))));
    found.set(inverse, made);
    return made;
  };
};

const order = ['inPlace', 'blocks', 'rounded', 'reordered', 'expanded'] as const;
const heldWeights = (all: readonly { readonly how: HeldWeights['how']; readonly from: string; readonly sizeBytes: number }[]): HeldWeights[] =>
  order.flatMap((how) => {
    const own = all.filter((one) => one.how === how);
    return own.length === 0 ? [] : [{ how, tensors: new Set(own.map(({ from }) => from)).size, sizeBytes: own.reduce((sum, one) => sum + one.sizeBytes, 0) }];
  });

/** Whether this processor adds products of bytes in 32 bits. */
export const exactIn32Bits = (): boolean => /vnni|dot|i8mm/i.test(describeMachine().instructionSet);

/** Names of the weights of linears at these sites; the table of words is the head's where the two are tied. */
const weightsOf = ({ parameters, member: { config } }: CausalSource, targets: RegExp): string[] =>
  parameters.map(nameOf).filter((name) => {
    const site = config.tied && name === 'embed.word.weight' ? 'logits' : name.replace(/\.weight$/, '');
    return name.endsWith('.weight') && targets.test(site);
  });
