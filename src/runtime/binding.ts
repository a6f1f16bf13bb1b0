import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, type Dtype, FormatError, NotFoundError } from '../core/index.ts';
import type { OnnxInitializer } from './onnx.ts';
import { bytesOf, dtypes, lengthOfShape, type TensorData } from './tensor.ts';

/** dtypes a weight may have in a file: bfloat16 and float16 become float32 when it is loaded. */
export type FileDtype = Dtype | 'bfloat16';

/**
 * What a parameter is bound to when its program is compiled: bytes of a file that stay there, a tensor that becomes part of the program, or
 * a program input of the parameter's name.
 */
export type Binding =
  | { readonly kind: 'frozen'; readonly file: string; readonly offset: number; readonly dtype: FileDtype; readonly shape: readonly number[] }
  | { readonly kind: 'constant'; readonly value: TensorData }
  | { readonly kind: 'trainable' };

/** Bytes of a file that become an initialiser when the session is made. */
export interface FileWeight {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly file: string;
  readonly offset: number;
  readonly from: FileDtype;
}

// Below a page a mapping costs more than the copy it saves. Of SmolLM2 in four bits 20 MB lie in weights of less than 64 kB: copied, they made a session a fifth slower to make and 25 MB larger.
const MAP_FROM_BYTES = 1 << 12;

const sizeOfFileDtype = (dtype: FileDtype): number => (dtype === 'bfloat16' ? 2 : dtypes[dtype].bytes);

/**
 * Where frozen weights go: large ones that the file holds in the dtype wanted are mapped (no private memory), the rest is read into the model when the session is made.
 * onnxruntime follows no symlink and no '..' out of the session's one folder, so that folder is the common ancestor of the real paths.
 *
 * @throws FormatError when a file is too short, NotFoundError when there is none
 */
export async function placeWeights(weights: readonly FileWeight[]): Promise<{ folder: string | undefined; mapped: OnnxInitializer[]; read: FileWeight[] }> {
  const real = new Map<string, { path: string; sizeBytes: number }>();
  for (const { file } of weights) {
    if (real.has(file)) continue;
    const resolved = await realpath(file).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new NotFoundError(`weights: expected a file ${file}, got none; pull or train the model again`) : error;
    });
    await using handle = await open(resolved);
    real.set(file, { path: resolved, sizeBytes: (await handle.stat()).size });
  }
  const mapped: FileWeight[] = [];
  const read: FileWeight[] = [];
  for (const weight of weights) {
    const { path: file, sizeBytes } = real.get(weight.file)!;
    const length = lengthOfShape(weight.shape) * sizeOfFileDtype(weight.from);
    if (weight.offset < 0 || weight.offset + length > sizeBytes)
      throw new FormatError(
        `weight ${weight.name}: expected bytes ${weight.offset} to ${weight.offset + length} in ${weight.file}, got a file of ${sizeBytes}; it was cut short or is another file`,
      );
    const mappable = weight.from === weight.dtype && weight.offset % dtypes[weight.dtype].bytes === 0 && length >= MAP_FROM_BYTES;
    (mappable ? mapped : read).push({ ...weight, file });
  }
  const folder = commonFolder(mapped.map(({ file }) => file));
  if (folder === undefined) return { folder, mapped: [], read: [...read, ...mapped] };
  return {
    folder,
    mapped: mapped.map(({ name, dtype, shape, file, offset }) => ({
      name,
      dtype,
      shape,
      data: { location: path.relative(folder, file).split(path.sep).join('/'), offset, length: lengthOfShape(shape) * dtypes[dtype].bytes },
    })),
    read,
  };
}

function commonFolder(files: readonly string[]): string | undefined {
  let common: string | undefined;
  for (const file of files) {
    let folder = path.dirname(file);
    if (common === undefined) common = folder;
    while (folder !== common) {
      if (folder.length >= common.length) {
        const up = path.dirname(folder);
        if (up === folder) return undefined; // another drive
        folder = up;
      } else {
        const up = path.dirname(common);
        if (up === common) return undefined;
        common = up;
      }
    }
  }
  return common;
}

/** Reads weights that are not mapped; float16 and bfloat16 come out as float32 where the parameter is one. */
export async function readWeights(weights: readonly FileWeight[]): Promise<OnnxInitializer[]> {
  const out: OnnxInitializer[] = [];
  for (const { name, dtype, shape, file, offset, from } of weights) {
    await using handle = await open(file);
    const bytes = new Uint8Array(lengthOfShape(shape) * sizeOfFileDtype(from));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    if (bytesRead !== bytes.length)
      throw new FormatError(`weight ${name}: expected ${bytes.length} bytes at ${offset} of ${file}, got ${bytesRead}; it was cut short or is another file`);
    out.push({ name, dtype, shape, data: from === dtype ? bytes : bytesOf(expand(name, dtype, from, bytes)) });
  }
  return out;
}

function expand(name: string, dtype: Dtype, from: FileDtype, bytes: Uint8Array): Float32Array {
  if (dtype !== 'float32' || (from !== 'float16' && from !== 'bfloat16'))
    throw new ConfigError(`weight ${name}: expected ${dtype} in the file, got ${from}; only float16 and bfloat16 are expanded, to float32`);
  const halves = new Uint16Array(bytes.buffer);
  if (from === 'float16') return Float32Array.from(new Float16Array(bytes.buffer));
  const out = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = halves[i]! << 16;
  return new Float32Array(out.buffer);
}
