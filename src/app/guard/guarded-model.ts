import { basename, resolve } from 'node:path';
import type { GuardedModel } from '../../guard/index.ts';
import { adapterSha256 } from '../language-model/adapter-on.ts';
import { resolveModel } from '../models/resolve-model.ts';
import { weightsSha256 } from '../models/show-model.ts';

/**
 * A model with the adapter on it, as a guard is tied to them.
 *
 * @param model    a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints
 * @param adapter  folder of an adapter, or of the run that made it
 * @throws NotFoundError where there is none
 */
export const guardedModel = async (model: string, adapter?: string): Promise<GuardedModel> => {
  const resolved = await resolveModel(model);
  const { name } = resolved;
  return {
    name,
    sha256: await weightsSha256(resolved),
    ...(adapter !== undefined && { adapter: { name: basename(resolve(adapter)), sha256: await adapterSha256(adapter) } }),
  };
};
