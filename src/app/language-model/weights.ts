import { ConfigError, inOrder, isParameter, nameOf, type Program, UnsupportedError } from '../../core/index.ts';
import type { CausalSource } from '../../models/index.ts';
import { packed, type QuantiseOptions, quantise } from '../../nn/index.ts';
import { type Binding, type Device, describeMachine } from '../../runtime/index.ts';
import type { ModelWeights } from './text-request.ts';

type Mode = Exclude<ModelWeights, 'auto'>;
type Constant = Extract<Binding, { kind: 'constant' }>['value'];

const inBlocks = /^blocks\.\d+\.(attn\.(q|k|v|out)|mlp\.(gate|up|down))$/;
const head = /^logits$/;
// Rows of these have a few numbers many times larger than the rest, which one step of eight bits would lose (docs/results.md); what enters attn.out has not.
const fine = /attn\.(q|k|v)$|mlp/;

/** `auto`: as the file keeps them where that is in blocks of few bits, else float32. WebGPU has blocks and floats, and no products of whole numbers. @throws ConfigError for another word, UnsupportedError for what the device does not compute */
export const modeOf = (source: CausalSource, weights: ModelWeights = 'auto', device: Device = 'cpu'): Mode => {
  if (!['auto', 'f32', 'int8', 'int4'].includes(weights)) throw new ConfigError(`model: expected weights auto, f32, int8 or int4, got ${weights}`);
  if (device === 'webgpu' && weights === 'int8')
    throw new UnsupportedError(
      'model: expected weights auto, f32 or int4 on webgpu, got int8, whose products have no kernel there; take --weights int4, or --device cpu',
    );
  if (weights !== 'auto') return weights;
  return source.parameters.some((node) => source.packedForm(nameOf(node))) ? 'int4' : 'f32';
};

/** Whether long prompts are better read with weights of their own, `int8`: blocks of four bits are the quickest kernel for a few rows, whole numbers by channel for many, on processors that add bytes in 32 bits. Only where the choice is ours. */
export const longPrompts = (mode: Mode, weights: ModelWeights = 'auto', device: Device = 'cpu'): boolean =>
  device === 'cpu' && weights === 'auto' && mode === 'int4' && exactIn32Bits();

export interface Prepared {
  readonly program: Program;
  /** Parameters that are read where they lie. */
  readonly inPlace: ReadonlyMap<string, Binding>;
  /** The others. */
  readonly names: readonly string[];
  /** Their values, each made of what the files hold. */
  make(): Promise<Map<string, Binding>>;
}

/** A program whose linears read weights in a mode. @throws as `quantise` */
export const withWeights = (source: CausalSource, program: Program, mode: Mode): Prepared => {
  let roots = Object.values(program.outputs);
  const taken = new Map<string, () => Promise<Readonly<Record<string, Constant>>>>();
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
    for (const { from, make } of edited.weights) taken.set(from, async () => make(await source.packedValues(from)));
  };
  const rounded = (options: QuantiseOptions & { readonly targets: RegExp }): void => {
    if (left(options.targets).length === 0) return;
    const edited = quantise(roots, options);
    roots = edited.roots;
    for (const { from, make } of edited.weights) taken.set(from, async () => make(await source.values(from)));
  };
  if (mode === 'int4') {
    asKept(inBlocks);
    rounded({ bits: 4, targets: inBlocks, activations: 'int8' });
  }
  if (mode === 'int8') rounded({ bits: 'int8', targets: inBlocks, fine, weightMost: exactIn32Bits() ? 127 : 63 });
  if (mode !== 'f32') {
    asKept(head);
    rounded({ bits: 8, targets: head, activations: 'int8' });
  }
  const parameters = new Map(
    inOrder(roots)
      .filter(isParameter)
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
    async make() {
      const values: Record<string, Constant> = {};
      for (const made of taken.values()) Object.assign(values, await made());
      for (const [name, { shape }] of parameters)
        if (!(name in values) && !inPlace.has(name)) values[name] = { dtype: 'float32', shape: shape as readonly number[], data: await source.values(name) };
      return new Map(Object.entries(values).map(([name, value]): [string, Binding] => [name, { kind: 'constant', value }]));
    },
  };
};

/** Whether this processor adds products of bytes in 32 bits. */
const exactIn32Bits = (): boolean => /vnni|dot|i8mm/i.test(describeMachine().instructionSet);

/** Names of the weights of linears at these sites; the table of words is the head's where the two are tied. */
const weightsOf = ({ parameters, member: { config } }: CausalSource, targets: RegExp): string[] =>
  parameters.map(nameOf).filter((name) => {
    const site = config.tied && name === 'embed.word.weight' ? 'logits' : name.replace(/\.weight$/, '');
    return name.endsWith('.weight') && targets.test(site);
  });
