import { createHash } from 'node:crypto';
import { type Axis, type Dtype, type Emit, multipleOf, type OnnxAttribute, type Shape, termsOf, UnsupportedError } from '../core/index.ts';
import type { OnnxInitializer, OnnxNode, OnnxValue } from './onnx.ts';
import { webgpuRewrites } from './rewrites.ts';
import type { Device } from './session.ts';
import { bytesOf, tensorOf } from './tensor.ts';

/** An `Emit` together with what it has written. */
export interface Emitter extends Emit {
  /** Word put before the number in the names of the nodes written next: what a profile shows. */
  label: string;
  readonly written: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  /** Value → program input where it is written. */
  readonly overwritten: ReadonlyMap<string, string>;
  isConstant(name: string): boolean;
  /** Tells how many axes a value has; rewrites for a device ask for it. */
  readonly ranks: Map<string, number>;
  /** Types of ONNX nodes that were written as others, for the device. */
  readonly rewritten: ReadonlySet<string>;
}

/**
 * Writes ONNX nodes down. Lengths of symbolic axes are read off the program inputs that carry them by name, once each.
 *
 * @param device  where it shall run: nodes without a kernel there are written as others
 * @param inputs  program inputs, in the order in which they are asked for an axis
 */
export function createEmitter(program: string, inputs: readonly OnnxValue[], device: Device = 'cpu'): Emitter {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxInitializer[] = [];
  const constants = new Map<string, string>();
  const vectors = new Map<string, string>();
  const derived = new Map<string, string>();
  let values = 0;

  const write = (
    opType: string,
    given: readonly string[],
    results: number,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = '',
  ): string[] => {
    const outputs = Array.from({ length: results }, () => `#${values++}`);
    nodes.push({ name: `${emitter.label}#${nodes.length}`, opType, domain, inputs: given, outputs, attributes });
    return outputs;
  };
  const ranks = new Map(inputs.map(({ name, shape }) => [name, shape.length]));
  const rewrites = device === 'webgpu' ? webgpuRewrites : {};
  // Values inside an op are told by nobody; where ops multiply them they are matrices, and onnxruntime refuses a permutation of another length.
  const rankOf = (name: string): number => ranks.get(name) ?? 2;
  const rewritten = new Set<string>();
  const overwritten = new Map<string, string>();
  const plain: Emit['node'] = (opType, given, attributes, domain) => write(opType, given, 1, attributes, domain)[0]!;
  const node: Emit['node'] = (opType, given, attributes = {}, domain) => {
    const rewrite = rewrites[opType];
    if (!rewrite) return plain(opType, given, attributes, domain);
    rewritten.add(opType);
    return rewrite(plain, emitter, given, attributes, rankOf);
  };

  // Lengths and shapes are bookkeeping, not the work of the op that asked for them: a profile shall tell them apart.
  const bookkeep: typeof node = (opType, given, attributes) => {
    const { label } = emitter;
    emitter.label = 'shape';
    const name = node(opType, given, attributes);
    emitter.label = label;
    return name;
  };

  const constant = (dtype: Dtype, shape: readonly number[], data: ArrayLike<number>): string => {
    const bytes = bytesOf(tensorOf(dtype, shape, data).data);
    const key = `${dtype}[${shape.join()}]${bytes.length <= 64 ? Buffer.from(bytes).toString('hex') : createHash('sha256').update(bytes).digest('hex')}`;
    const known = constants.get(key);
    if (known !== undefined) return known;
    const name = `#c${constants.size}`;
    constants.set(key, name);
    ranks.set(name, shape.length);
    initializers.push({ name, dtype, shape, data: bytes });
    return name;
  };

  const once = (key: string, make: () => string): string => {
    const known = derived.get(key);
    if (known !== undefined) return known;
    const name = make();
    derived.set(key, name);
    return name;
  };

  // One axis as an int64 vector [1]: concatenates without another node.
  const vector = (axis: Axis): string => {
    if (typeof axis === 'number') return constant('int64', [1], [axis]);
    const known = vectors.get(axis);
    if (known !== undefined) return known;
    const made = termsOf(axis)
      .map(({ coefficient, names }) => {
        const product = names.map(named).reduce<string | undefined>((a, b) => (a === undefined ? b : bookkeep('Mul', [a, b])), undefined);
        const factor = constant('int64', [1], [coefficient]);
        return product === undefined ? factor : coefficient === 1 ? product : bookkeep('Mul', [product, factor]);
      })
      .reduce((a, b) => bookkeep('Add', [a, b]));
    vectors.set(axis, made);
    return made;
  };

  const named = (name: string): string =>
    once(name, () => {
      for (const { name: from, shape } of inputs) {
        const at = shape.indexOf(name);
        if (at >= 0) return bookkeep('Shape', [from], { start: at, end: at + 1 });
      }
      for (const { name: from, shape } of inputs) {
        const at = shape.findIndex((axis) => multipleOf(axis)?.name === name);
        if (at >= 0) return bookkeep('Div', [bookkeep('Shape', [from], { start: at, end: at + 1 }), constant('int64', [1], [multipleOf(shape[at]!)!.times])]);
      }
      throw new UnsupportedError(
        `compile ${program}: expected an input that has the axis ${name}, or a multiple of it, by itself, got ${inputs.map((i) => `${i.name} [${i.shape.join(', ')}]`).join(', ') || 'none'}; add an input of that length`,
      );
    });

  const emitter: Emitter = {
    label: '',
    written: nodes,
    initializers,
    ranks,
    rewritten,
    overwritten,
    overwrite: (input, value) => void overwritten.set(value, input),
    isConstant: (name) => name.startsWith('#c'),
    node,
    nodes: write,
    constant,
    axis: (axis) =>
      typeof axis === 'number' ? constant('int64', [], [axis]) : once(`scalar ${axis}`, () => bookkeep('Squeeze', [vector(axis), constant('int64', [1], [0])])),
    shape: (shape: Shape) => {
      if (shape.every((axis) => typeof axis === 'number')) return constant('int64', [shape.length], shape);
      return once(`[${shape.join()}]`, () => {
        const parts: string[] = [];
        let known: number[] = [];
        const flush = () => {
          if (known.length > 0) parts.push(constant('int64', [known.length], known));
          known = [];
        };
        for (const axis of shape) {
          if (typeof axis === 'number') known.push(axis);
          else {
            flush();
            parts.push(vector(axis));
          }
        }
        flush();
        return parts.length === 1 ? parts[0]! : bookkeep('Concat', parts, { axis: 0 });
      });
    },
  };
  return emitter;
}
