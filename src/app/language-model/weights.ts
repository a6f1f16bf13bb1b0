import { ConfigError, inOrder, isParameter, type Node, nameOf, type Program } from '../../core/index.ts';
import type { CausalSource } from '../../models/index.ts';
import { packed, type Quantised, type QuantiseOptions, quantise } from '../../nn/index.ts';
import { type Binding, describeMachine } from '../../runtime/index.ts';
import type { ModelWeights } from './text-request.ts';

type Mode = Exclude<ModelWeights, 'auto'>;
type Constant = Extract<Binding, { kind: 'constant' }>['value'];

const inBlocks = /^blocks\.\d+\.(attn\.(q|k|v|out)|mlp\.(gate|up|down))$/;
const head = /^logits$/;
// Rows of these have a few numbers many times larger than the rest, which one step of eight bits would lose (docs/results.md); what enters attn.out has not.
const fine = /attn\.(q|k|v)$|mlp/;

/** `auto`: as the file keeps them where that is in blocks of few bits, else float32. @throws ConfigError for another word */
export const modeOf = (source: CausalSource, weights: ModelWeights = 'auto'): Mode => {
  if (!['auto', 'f32', 'int8', 'int4'].includes(weights)) throw new ConfigError(`model: expected weights auto, f32, int8 or int4, got ${weights}`);
  if (weights !== 'auto') return weights;
  return source.parameters.some((node) => source.packedForm(nameOf(node))) ? 'int4' : 'f32';
};

/** Whether long prompts are better read with weights of their own, `int8`: blocks of four bits are the quickest kernel for a few rows, whole numbers by channel for many, on processors that add bytes in 32 bits. Only where the choice is ours. */
export const longPrompts = (mode: Mode, weights: ModelWeights = 'auto'): boolean => weights === 'auto' && mode === 'int4' && exactIn32Bits();

/** A program whose linears read weights in a mode. `make` gives values for all its parameters, each read from the file once. */
export const withWeights = (
  source: CausalSource,
  program: Program,
  mode: Mode,
): { program: Program; names: string[]; make: () => Promise<Map<string, Binding>> } => {
  let roots = Object.values(program.outputs);
  const makers: { readonly from: string; make(bind: Bind): Promise<void> }[] = [];
  const asKept = (targets: readonly RegExp[]): void => {
    const forms = new Map(
      weightsOf(source, targets).flatMap((name) => {
        const form = source.packedForm(name);
        return form ? [[name, form] as const] : [];
      }),
    );
    if (forms.size === 0) return;
    const edited = packed(roots, forms);
    roots = edited.roots;
    for (const { from, make } of edited.weights) makers.push({ from, make: async (bind) => bind(make(await source.packedValues(from))) });
  };
  const rounded = (options: QuantiseOptions): void => {
    const edited = attempt(roots, options);
    if (!edited) return;
    roots = edited.roots;
    for (const { from, make } of edited.weights) makers.push({ from, make: async (bind) => bind(make(await source.values(from))) });
  };
  if (mode === 'int4') {
    asKept([inBlocks, head]);
    rounded({ bits: 4, targets: inBlocks, activations: 'int8' });
    rounded({ bits: 8, targets: head, activations: 'int8' });
  }
  if (mode === 'int8') {
    rounded({ bits: 'int8', targets: inBlocks, fine, weightMost: exactIn32Bits() ? 127 : 63 });
    asKept([head]);
    rounded({ bits: 8, targets: head, activations: 'int8' });
  }
  const outputs = Object.fromEntries(Object.keys(program.outputs).map((name, i) => [name, roots[i]!]));
  const parameters = inOrder(roots).filter(isParameter);
  const names = [...new Set(parameters.map(nameOf))];
  const make = async (): Promise<Map<string, Binding>> => {
    const bindings = new Map<string, Binding>();
    const bind: Bind = (made) => {
      for (const [name, value] of Object.entries(made)) bindings.set(name, { kind: 'constant', value });
    };
    for (const one of makers) await one.make(bind);
    for (const node of parameters) {
      const name = nameOf(node);
      if (!bindings.has(name)) bind({ [name]: { dtype: 'float32', shape: node.shape as readonly number[], data: await source.values(name) } });
    }
    return bindings;
  };
  return { program: { ...program, name: `${program.name}/${mode}`, outputs }, names, make };
};

type Bind = (made: Readonly<Record<string, Constant>>) => void;

/** Whether this processor adds products of bytes in 32 bits. */
const exactIn32Bits = (): boolean => /vnni|dot|i8mm/i.test(describeMachine().instructionSet);

/** Names of the weights of linears at these sites; the table of words is the head's where the two are tied. */
const weightsOf = ({ parameters, member: { config } }: CausalSource, targets: readonly RegExp[]): string[] =>
  parameters.map(nameOf).filter((name) => {
    const site = config.tied && name === 'embed.word.weight' ? 'logits' : name.replace(/\.weight$/, '');
    return name.endsWith('.weight') && targets.some((target) => target.test(site));
  });

/** Undefined where no float linear is left at these sites. */
const attempt = (roots: readonly Node[], options: QuantiseOptions): Quantised | undefined => {
  try {
    return quantise(roots, options);
  } catch (error) {
    if ((error as { code?: string }).code === 'NOT_FOUND') return undefined;
    throw error;
  }
};
