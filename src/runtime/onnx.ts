// The ONNX messages a model is made of, as plain data, and how they become bytes (onnx.proto3, IR version 10).
import type { Dtype, OnnxAttribute, Shape } from '../core/index.ts';
import { MessageWriter } from './protobuf.ts';
import { dtypes } from './tensor.ts';

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Name and type of a value; a symbolic axis becomes a `dim_param`. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface OnnxInitializer {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The bytes themselves, or where they lie: a file relative to the session's folder. */
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly values: readonly OnnxValue[];
  readonly initializers: readonly OnnxInitializer[];
}

/** Version of the standard operator set that `lower` may assume. */
export const opset = 21;

const IR_VERSION = 10;
const ATTRIBUTE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

function attribute(name: string, value: OnnxAttribute): MessageWriter {
  const out = new MessageWriter().string(1, name);
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isInteger(value))
      throw new Error(`internal: attribute ${name}: expected an integer, got ${value}; floats are written { float: ${value} }`);
    return out.int(3, value).int(20, ATTRIBUTE.int);
  }
  if (typeof value === 'string') return out.string(4, value).int(20, ATTRIBUTE.string);
  if ('float' in value) return out.float(2, value.float).int(20, ATTRIBUTE.float);
  if ('floats' in value) {
    for (const x of value.floats) out.float(7, x);
    return out.int(20, ATTRIBUTE.floats);
  }
  for (const x of value) out.int(8, x);
  return out.int(20, ATTRIBUTE.ints);
}

function node({ name, opType, domain, inputs, outputs, attributes }: OnnxNode): MessageWriter {
  const out = new MessageWriter();
  for (const input of inputs) out.string(1, input);
  for (const output of outputs) out.string(2, output);
  out.string(3, name).string(4, opType);
  for (const [key, value] of Object.entries(attributes)) out.message(5, attribute(key, value));
  return domain === '' ? out : out.string(7, domain);
}

function valueInfo({ name, dtype, shape }: OnnxValue): MessageWriter {
  const dims = new MessageWriter();
  for (const axis of shape) dims.message(1, typeof axis === 'number' ? new MessageWriter().int(1, axis) : new MessageWriter().string(2, axis));
  const tensor = new MessageWriter().int(1, dtypes[dtype].onnx).message(2, dims);
  return new MessageWriter().string(1, name).message(2, new MessageWriter().message(1, tensor));
}

function initializer({ name, dtype, shape, data }: OnnxInitializer): MessageWriter {
  const out = new MessageWriter();
  for (const axis of shape) out.int(1, axis);
  out.int(2, dtypes[dtype].onnx).string(8, name);
  if (data instanceof Uint8Array) return out.bytes(9, data);
  const entry = (key: string, value: string) => new MessageWriter().string(1, key).string(2, value);
  return out
    .message(13, entry('location', data.location))
    .message(13, entry('offset', String(data.offset)))
    .message(13, entry('length', String(data.length)))
    .int(14, 1);
}

/** A whole model as bytes. */
export function modelBytes(graph: OnnxGraph): Uint8Array {
  const out = new MessageWriter();
  for (const each of graph.nodes) out.message(1, node(each));
  out.string(2, graph.name);
  for (const each of graph.initializers) out.message(5, initializer(each));
  for (const each of graph.inputs) out.message(11, valueInfo(each));
  for (const each of graph.outputs) out.message(12, valueInfo(each));
  for (const each of graph.values) out.message(13, valueInfo(each));
  const operators = (domain: string, version: number) => new MessageWriter().string(1, domain).int(2, version);
  return new MessageWriter().int(1, IR_VERSION).message(7, out).message(8, operators('', opset)).message(8, operators('com.microsoft', 1)).finish();
}

/** Name of the output that `completed` puts before all others. */
export const sequenceOutput = '#sequence';

/**
 * A model with more initialisers, and before its outputs, if asked for, one that is an empty sequence (see session.ts). Repeated fields of protocol buffers
 * merge when messages are concatenated, so weights read from files later are joined to the bytes of the graph without parsing them.
 */
export function completed(model: Uint8Array, initializers: readonly OnnxInitializer[], { sequence = false } = {}): Uint8Array {
  const graph = new MessageWriter();
  for (const each of initializers) graph.message(5, initializer(each));
  const before = new MessageWriter();
  if (sequence) {
    const element = new MessageWriter().message(1, new MessageWriter().int(1, dtypes.float32.onnx).message(2, new MessageWriter()));
    const type = new MessageWriter().message(4, new MessageWriter().message(1, element));
    before.message(1, node({ name: sequenceOutput, opType: 'SequenceEmpty', domain: '', inputs: [], outputs: [sequenceOutput], attributes: {} }));
    before.message(12, new MessageWriter().string(1, sequenceOutput).message(2, type));
  }
  const whole = (part: MessageWriter): Uint8Array => (part.length === 0 ? new Uint8Array() : new MessageWriter().message(7, part).finish());
  return before.length + graph.length === 0 ? model : Buffer.concat([whole(before), model, whole(graph)]);
}
