import { ShapeError, UnsupportedError } from '../core/index.ts';
import { type StoredDtype, storage, type TensorData } from './safetensors.ts';
import { writeWhole } from './whole-file.ts';

const nameOf = new Map(Object.entries(storage).map(([name, [dtype, width]]) => [dtype as string, { name, width }]));

/**
 * Writes tensors to a safetensors file that is whole or absent. Equal tensors and metadata give equal bytes: widest dtype first, then by name, so every tensor lies aligned.
 *
 * @throws ShapeError where a shape and its values differ in number · what the file system says
 */
export const writeSafetensors = (
  path: string,
  tensors: Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> => {
  const entries = (tensors instanceof Map ? [...tensors] : Object.entries(tensors)) as [string, TensorData][];
  return writeWhole(path, encode(entries, metadata, path));
};

const encode = (entries: [string, TensorData][], metadata: Readonly<Record<string, string>>, path: string): Uint8Array[] => {
  const rows = entries.map(([name, { dtype, shape, data }]) => {
    const stored = nameOf.get(dtype);
    const where = `safetensors ${path} tensor ${JSON.stringify(name)}`;
    if (!stored || name === '__metadata__')
      throw new UnsupportedError(`${where}: expected a dtype and a name that the format has, got ${dtype}; rename or convert it`);
    const count = shape.reduce((a, b) => a * b, 1);
    if (data.length !== count || data.BYTES_PER_ELEMENT !== stored.width)
      throw new ShapeError(
        `${where}: expected ${count} values of ${dtype} for [${shape.join(', ')}], got ${data.length} in a ${data.constructor.name}; shape and data must agree`,
      );
    return { name, stored, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  });
  rows.sort(byWidthThenName);
  return [
    headerOf(
      rows.map(({ name, stored, shape, bytes }) => ({ name, dtype: stored.name, shape, sizeBytes: bytes.byteLength })),
      metadata,
    ),
    ...rows.map((row) => row.bytes),
  ];
};

const byWidthThenName = (a: { name: string; stored: { width: number } }, b: { name: string; stored: { width: number } }): number =>
  b.stored.width - a.stored.width || (a.name < b.name ? -1 : 1);

const headerOf = (
  rows: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[]; readonly sizeBytes: number }[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array => {
  let at = 0;
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', Object.fromEntries(Object.entries(metadata).sort())]] : [];
  for (const { name, dtype, shape, sizeBytes } of rows) {
    header.push([name, { dtype, shape, data_offsets: [at, at + sizeBytes] }]);
    at += sizeBytes;
  }
  const json = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const padded = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text, 8);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  return padded;
};

/** A tensor whose bytes are made when their turn comes. */
export interface LateTensor {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  make(): Promise<Uint8Array>;
}

/**
 * As `writeSafetensors`, with one tensor in memory at a time.
 *
 * @throws ShapeError where a tensor has not the bytes that its shape needs · whatever a tensor's `make` throws
 */
export const writeSafetensorsLate = (path: string, tensors: readonly LateTensor[], metadata: Readonly<Record<string, string>> = {}): Promise<void> => {
  const rows = tensors
    .map((tensor) => {
      const stored = nameOf.get(tensor.dtype)!;
      return { ...tensor, stored, sizeBytes: tensor.shape.reduce((a, b) => a * b, 1) * stored.width };
    })
    .sort(byWidthThenName);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield headerOf(
      rows.map(({ name, stored, shape, sizeBytes }) => ({ name, dtype: stored.name, shape, sizeBytes })),
      metadata,
    );
    for (const { name, sizeBytes, make } of rows) {
      const bytes = await make();
      if (bytes.byteLength !== sizeBytes)
        throw new ShapeError(
          `safetensors ${path} tensor ${JSON.stringify(name)}: expected ${sizeBytes} bytes, got ${bytes.byteLength}; shape and data must agree`,
        );
      yield bytes;
    }
  };
  return writeWhole(path, chunks());
};
