import { ConfigError, inOrder, isParameter, nameOf, type Program } from '../../core/index.ts';
import type { CausalSource } from '../../models/index.ts';
import { packed, quantise } from '../../nn/index.ts';
import type { Binding } from '../../runtime/index.ts';
import type { ModelWeights } from './text-request.ts';

type Mode = Exclude<ModelWeights, 'auto'>;

const linear = /^blocks\.\d+\.(attn\.(q|k|v|out)|mlp\.(gate|up|down))$|^logits$/;

/** `auto`: as the file keeps them where that is in blocks of few bits, else float32. @throws ConfigError for another word */
export const modeOf = (source: CausalSource, weights: ModelWeights = 'auto'): Mode => {
  if (!['auto', 'f32', 'int8', 'int4'].includes(weights)) throw new ConfigError(`model: expected weights auto, f32, int8 or int4, got ${weights}`);
  if (weights !== 'auto') return weights;
  return source.parameters.some((node) => source.packedForm(nameOf(node))) ? 'int4' : 'f32';
};

/** A program whose linears read weights in a mode, and values for all its parameters, each read from the file once. */
export const withWeights = async (source: CausalSource, program: Program, mode: Mode): Promise<{ program: Program; bindings: Map<string, Binding> }> => {
  const names = Object.keys(program.outputs);
  const bindings = new Map<string, Binding>();
  let roots = Object.values(program.outputs);
  const bind = (made: Record<string, Extract<Binding, { kind: 'constant' }>['value']>): void => {
    for (const [name, value] of Object.entries(made)) bindings.set(name, { kind: 'constant', value });
  };
  const read = new Set<string>();
  if (mode === 'int4') {
    const forms = new Map(
      source.parameters.flatMap((node) => {
        const form = source.packedForm(nameOf(node));
        return form && isLinearWeight(nameOf(node), source) ? [[nameOf(node), form] as const] : [];
      }),
    );
    if (forms.size > 0) {
      const edited = packed(roots, forms);
      roots = edited.roots;
      for (const { from, make } of edited.weights) bind(make(await source.packedValues(from)));
      for (const name of forms.keys()) read.add(name);
    }
  }
  const rest = source.parameters.filter((node) => isLinearWeight(nameOf(node), source) && !read.has(nameOf(node)));
  if (mode !== 'f32' && rest.length > 0) {
    const edited = quantise(roots, { bits: mode === 'int8' ? 'int8' : 4, targets: linear });
    roots = edited.roots;
    for (const { from, make } of edited.weights) bind(make(await source.values(from)));
  }
  const edited: Program = { ...program, name: `${program.name}/${mode}`, outputs: Object.fromEntries(names.map((name, i) => [name, roots[i]!])) };
  for (const node of inOrder(roots).filter(isParameter)) {
    const name = nameOf(node);
    if (!bindings.has(name)) bind({ [name]: { dtype: 'float32', shape: node.shape as readonly number[], data: await source.values(name) } });
  }
  return { program: edited, bindings };
};

/** Whether a parameter is the weight of a linear that the modes are about; the table of words is one where it is the head too. */
const isLinearWeight = (name: string, { member: { config } }: CausalSource): boolean =>
  linear.test(name.replace(/\.weight$/, '')) || (config.tied && name === 'embed.word.weight');
