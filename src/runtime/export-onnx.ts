import { fused, type Program, plan } from '../core/index.ts';
import { type Binding, readWeights } from './binding.ts';
import { lower } from './lower.ts';
import { completed, type OnnxValue } from './onnx.ts';

export interface ExportedOnnx {
  readonly bytes: Uint8Array;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Folder from which the bytes name files that hold large weights; undefined where all weights are in the bytes. */
  readonly folder: string | undefined;
}

/**
 * A program as an ONNX file (standard operators of set 20, and onnxruntime's own for whole-number products). Weights of 64 KiB and more stay in the files they are bound to, which the ONNX file names from
 * their common folder: it must lie there.
 *
 * @throws as `Engine.compile`
 */
export async function exportOnnx(program: Program, bindings: ReadonlyMap<string, Binding>): Promise<ExportedOnnx> {
  const graph = fused(program);
  const { bytes, inputs, outputs, folder, read } = await lower(graph, bindings, plan(graph).order);
  return { bytes: completed(bytes, await readWeights(read)), inputs, outputs, folder };
}
