// lyceum.json: what an adapter's folder says beside what PEFT reads.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';

export const recordName = 'lyceum.json';
const version = 1;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.strictObject({
  format: z.literal(version),
  method: z.strictObject({ kind: z.string(), options: z.record(z.string(), z.json()) }),
  /** The model it was trained on; the hash is of its weights, as `lyceum models show` prints it. */
  base: z.strictObject({ name: z.string(), sha256 }),
  /** Of adapter_model.safetensors. */
  weights: z.strictObject({ sha256 }),
  training: z.record(z.string(), z.json()),
});
export type AdapterRecord = z.infer<typeof schema>;

/** The bytes of a record. */
export const encodeRecord = (record: Omit<AdapterRecord, 'format'>): Uint8Array =>
  Buffer.from(`${JSON.stringify(schema.parse({ format: version, ...record }), null, 2)}\n`);

/** The record in a folder; undefined where there is none, as in an adapter that PEFT wrote. @throws FormatError, UnsupportedError where it is damaged or newer */
export const readAdapterRecord = async (folder: string): Promise<AdapterRecord | undefined> => {
  const path = join(folder, recordName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return undefined;
  });
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${path}: expected JSON, got something else; the adapter is damaged, copy or train it again`);
  }
  const format = (json as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > version)
    throw new UnsupportedError(`${path}: expected format ${version}, got ${format}; a newer Lyceum wrote it: use that one`);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(
    `${path}: expected the record of an adapter, got at ${issue?.path.join('.') || 'the top'}: ${issue?.message}; the adapter is damaged, copy or train it again`,
  );
};
