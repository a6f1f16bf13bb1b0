import { createHash } from 'node:crypto';
import { ConfigError, isInput, isParameter, type Node, nameOf, type Program, ShapeError, sameShape } from '../core/index.ts';
import { type Binding, type FileWeight, placeWeights } from './binding.ts';
import { createEmitter } from './emit.ts';
import { modelBytes, type OnnxInitializer, type OnnxNode, type OnnxValue } from './onnx.ts';
import type { Device } from './session.ts';
import { bytesOf, lengthOfShape } from './tensor.ts';

// Weights below this many elements do not matter when sessions that share weights are counted.
const SHARED_FROM = 1 << 14;

// onnxruntime gives a value the buffer of a dead one of equal shape, and keeps dead buffers until such a value comes, however late: fewer allocations, more
// memory. Shapes are equal if their axes have equal names, so for least memory the names change every so many values, and buffers pass no further.
const STRETCH = 48;

/** A program as onnxruntime takes it, and what a session of it needs beside the bytes. */
export interface Lowered {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Further output → input whose array it is written into. */
  readonly overwritten: Readonly<Record<string, string>>;
  /** Folder that mapped weights lie under; without one nothing is mapped. */
  readonly folder: string | undefined;
  /** Weights the session reads (and expands) for itself. */
  readonly read: readonly FileWeight[];
  readonly nodes: number;
  /** Types of ONNX nodes that were written as others because the device has no sound kernel of theirs. */
  readonly rewritten: readonly string[];
  readonly mappedBytes: number;
  readonly privateBytes: number;
  /** Identities of the weights of which a session keeps a private copy: always, and only when it packs them. */
  readonly weights: readonly string[];
  readonly packed: readonly string[];
}

/** Nodes that outputs depend on: an op may have inputs that its lowering does without. */
function needed(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const wanted = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => wanted.has(name))) return false;
    for (const name of node.inputs) wanted.add(name);
    return true;
  });
  return kept.reverse();
}

/**
 * A program as an ONNX model.
 *
 * @param leastMemory  let no buffer outlive its value for long
 * @param order  every node below the outputs, inputs first: the order in which they shall be computed
 * @throws ConfigError when a parameter is not bound or bound to something of another shape, ShapeError when two inputs share a name
 */
export async function lower(
  program: Program,
  bindings: ReadonlyMap<string, Binding>,
  order: readonly Node[],
  { leastMemory = false, device = 'cpu' as Device } = {},
): Promise<Lowered> {
  const inputs: OnnxValue[] = [];
  const weights: FileWeight[] = [];
  const constants: OnnxInitializer[] = [];
  const nameFor = new Map<Node, string>();
  const declared = new Map<string, Node>();

  for (const node of order) {
    if (!isInput(node) && !isParameter(node)) continue;
    const name = nameOf(node);
    const before = declared.get(name);
    if (before !== undefined && !(sameShape(before.shape, node.shape) && before.dtype === node.dtype && isInput(before) === isInput(node)))
      throw new ShapeError(`compile ${program.name}: expected one input or parameter called ${name}, got ${typeOf(before)} and ${typeOf(node)}; rename one`);
    nameFor.set(node, name);
    if (before !== undefined) continue;
    declared.set(name, node);
    const binding = isInput(node) ? undefined : bindings.get(name);
    if (isParameter(node) && binding === undefined)
      throw new ConfigError(
        `compile ${program.name}: expected a binding for parameter ${name} ${typeOf(node)}, got none; bind it as frozen, constant or trainable`,
      );
    if (binding === undefined || binding.kind === 'trainable') {
      inputs.push({ name, dtype: node.dtype, shape: node.shape });
      continue;
    }
    const shape = node.shape as readonly number[];
    const given = binding.kind === 'frozen' ? binding : binding.value;
    if (!sameShape(given.shape, shape))
      throw new ConfigError(
        `compile ${program.name}: parameter ${name}: expected shape [${shape.join(', ')}], got [${given.shape.join(', ')}]; these are the weights of another model`,
      );
    if (binding.kind === 'frozen') weights.push({ name, dtype: node.dtype, shape, file: binding.file, offset: binding.offset, from: binding.dtype });
    else {
      if (given.dtype !== node.dtype)
        throw new ConfigError(`compile ${program.name}: parameter ${name}: expected ${node.dtype}, got ${given.dtype}; cast the tensor`);
      constants.push({ name, dtype: node.dtype, shape, data: bytesOf(binding.value.data) });
    }
  }

  const { folder, mapped, read } = await placeWeights(weights);
  const emit = createEmitter(program.name, inputs, device);
  for (const [name, node] of declared) emit.ranks.set(name, node.shape.length);
  const values: OnnxValue[] = [];
  const typed = new Set<string>([...declared.keys()]);
  for (const node of order) {
    if (nameFor.has(node)) continue;
    emit.label = node.site ?? node.op.name;
    const from = node.inputs.map((input) => nameFor.get(input)!);
    const name = node.op.lower(emit, node, from);
    nameFor.set(node, name);
    emit.ranks.set(name, node.shape.length);
    if (typed.has(name) || emit.isConstant(name)) continue;
    typed.add(name);
    const stretch = Math.floor(values.length / STRETCH);
    values.push({
      name,
      dtype: node.dtype,
      shape: leastMemory ? node.shape.map((axis) => (typeof axis === 'string' ? `${axis}@${stretch}` : axis)) : node.shape,
    });
  }

  // An output is the value itself under the output's name, unless the value has a name already.
  const taken = new Map<string, string>();
  const outputs: OnnxValue[] = [];
  emit.label = 'output';
  for (const [name, node] of Object.entries(program.outputs)) {
    if (declared.has(name))
      throw new ShapeError(`compile ${program.name}: expected outputs and inputs to differ in name, got ${name} twice; rename the output`);
    const value = nameFor.get(node)!;
    taken.set(declared.has(value) || emit.isConstant(value) || taken.has(value) ? emit.node('Identity', [value]) : value, name);
    outputs.push({ name, dtype: node.dtype, shape: node.shape });
  }
  const renamed = (name: string): string => taken.get(name) ?? name;
  const places = [...emit.overwritten].map(([name, input]): OnnxValue => ({ ...inputs.find((one) => one.name === input)!, name }));
  const nodes = needed(
    emit.written.map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) })),
    [...outputs, ...places].map(({ name }) => name),
  );
  const made = new Set(nodes.flatMap((node) => node.outputs));

  const initializers = [...emit.initializers, ...constants, ...mapped];
  const sizeOf = (all: readonly OnnxInitializer[]) => all.reduce((sum, { data }) => sum + data.length, 0);
  return {
    name: program.name,
    bytes: modelBytes({
      name: program.name,
      // onnxruntime walks back from the last leaf and, at each node, from the last input: written in reverse, the order it finds is ours.
      nodes: nodes.reverse(),
      inputs,
      outputs: [...outputs, ...places],
      values: values.filter(({ name }) => !taken.has(name) && made.has(name)),
      initializers,
    }),
    inputs,
    outputs,
    overwritten: Object.fromEntries(emit.overwritten),
    folder,
    read,
    nodes: nodes.length,
    rewritten: [...emit.rewritten],
    mappedBytes: sizeOf(mapped),
    packed: mapped.map(({ data }) => (data instanceof Uint8Array ? '' : `${data.location}@${data.offset}`)),
    weights: [
      ...read.filter(({ shape }) => lengthOfShape(shape) >= SHARED_FROM).map(({ file, offset }) => `${file}@${offset}`),
      ...constants
        .filter(({ data }) => data.length >= 4 * SHARED_FROM)
        .map(({ data }) =>
          createHash('sha256')
            .update(data as Uint8Array)
            .digest('hex'),
        ),
    ],
    privateBytes: sizeOf(emit.initializers) + sizeOf(constants) + read.reduce((sum, { shape }) => sum + 4 * lengthOfShape(shape), 0),
  };
}

const typeOf = ({ shape, dtype }: Node): string => `${dtype} [${shape.join(', ')}]`;
