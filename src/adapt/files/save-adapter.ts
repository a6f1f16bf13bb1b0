import { join } from 'node:path';
import { NotFoundError, ShapeError } from '../../core/index.ts';
import { sha256OfFile, writeSafetensorsLate, writeWhole } from '../../formats/index.ts';
import type { CausalSource } from '../../models/index.ts';
import type { Method } from '../method.ts';
import { type AdapterRecord, encodeRecord, recordName } from './adapter-record.ts';
import { peftForm } from './peft-form.ts';
import type { TensorPlace } from './tensor-part.ts';
import { writeWholeFolder } from './whole-folder.ts';

export const configName = 'adapter_config.json';
export const weightsName = 'adapter_model.safetensors';
const files = new Set([configName, weightsName, recordName]);

export interface SavedAdapter {
  readonly method: Method;
  /** Of every parameter of the method, in our arrangement, float32. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** The model it was trained on. */
  readonly source: CausalSource;
  /** The hash is of the model's weights, as `lyceum models show` prints it. */
  readonly base: AdapterRecord['base'];
  /** What there is to say of the training; JSON. */
  readonly training: AdapterRecord['training'];
}

/**
 * Writes an adapter's folder: adapter_config.json and adapter_model.safetensors as PEFT has them, and lyceum.json with the method, the model it belongs to and its training. It is whole or absent; an adapter that was there is
 * replaced. PEFT loads LoRA, rsLoRA, DoRA and (IA)³; others have its layout, under a `peft_type` that it refuses.
 *
 * @throws NotFoundError, ShapeError where a value is missing or of another size · ConfigError where something else is in the place
 */
export const saveAdapter = async (folder: string, { method, values, source, base, training }: SavedAdapter): Promise<void> => {
  const { config, places } = peftForm(source, method, base.name);
  for (const { parts } of places)
    for (const { parameter, shape } of parts) {
      const found = values.get(parameter);
      if (!found) throw new NotFoundError(`adapter ${folder}: expected values of ${parameter}, got none; give all parameters of the ${method.kind}`);
      if (found.length !== shape.reduce((a, b) => a * b, 1))
        throw new ShapeError(`adapter ${folder}: expected ${parameter} [${shape.join(', ')}], got ${found.length} values; they are of another model`);
    }
  await writeWholeFolder(folder, files, async (made) => {
    await writeWhole(join(made, configName), [json(config)]);
    const weights = join(made, weightsName);
    await writeSafetensorsLate(
      weights,
      places.map((place) => ({ name: place.name, dtype: 'float32', shape: place.shape, make: () => tensorOf(place, values) })),
      { format: 'pt' },
    );
    const { kind, options } = method;
    const record = { method: { kind, options }, base, weights: { sha256: await sha256OfFile(weights) }, training };
    await writeWhole(join(made, recordName), [encodeRecord(record as Omit<AdapterRecord, 'format'>)]);
  });
};

const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

const tensorOf = async ({ parts, rest }: TensorPlace, values: ReadonlyMap<string, Float32Array>): Promise<Uint8Array> => {
  const whole = await rest();
  for (const { parameter, put } of parts) put(values.get(parameter)!, whole);
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
};
