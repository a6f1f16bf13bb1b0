import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedAdapter } from '../../adapt/index.ts';
import { sha256OfFile } from '../../formats/index.ts';
import { type CausalSource, mergedSource } from '../../models/index.ts';
import { fileError } from '../file-error.ts';
import type { ResolvedModel } from '../models/resolve-model.ts';
import { weightsSha256 } from '../models/show-model.ts';

/** Opens an adapter for a model: what `lyceum adapt` wrote, or a LoRA of PEFT's. @throws as `openAdapted` */
export const adapterOn = async (folder: string, source: CausalSource, model: ResolvedModel): Promise<OpenedAdapter> => {
  const { openAdapted } = await import('../../adapt/index.ts'); // most models are opened without
  return openAdapted(folder, source, { baseSha256: () => weightsSha256(model) });
};

/** SHA-256 of what an adapter does to a model: its values and its method, of PEFT's its configuration; not of how it was trained, nor where it lies. @throws NotFoundError where there is no adapter · FormatError as `readAdapterRecord` */
export const adapterSha256 = async (folder: string): Promise<string> => {
  const { adapterFolder, readAdapterRecord } = await import('../../adapt/index.ts');
  const place = await adapterFolder(folder);
  const record = await readAdapterRecord(place);
  const [config, weights] = ['adapter_config.json', 'adapter_model.safetensors'].map((name) => join(place, name)) as [string, string];
  const named = (path: string) => (error: unknown) => Promise.reject(fileError(error, path));
  const said = record
    ? [record.method, record.weights.sha256]
    : [await readFile(config, 'utf8').catch(named(config)), await sha256OfFile(weights).catch(named(weights))];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
};

/** The weights that an adapter is used with, and what of it stands beside them. */
export const besideWeights = (
  source: CausalSource,
  adapter: OpenedAdapter | undefined,
): { readonly source: CausalSource; readonly beside: OpenedAdapter | undefined } =>
  adapter?.inWeights ? { source: mergedSource(source, adapter), beside: undefined } : { source, beside: adapter };
