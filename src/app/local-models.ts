import { type LanguageModelOptions, openLanguageModelApart } from './language-model/index.ts';
import { describeModel, type ModelDescription } from './models/describe-model.ts';
import { type ListedModel, listModels } from './models/list-models.ts';
import type { LocalModels } from './server/index.ts';

/** Families that make vectors, not text. */
const encoders = new Set<string | null>(['bert']);

/** What `lyceum models list` prints, for a server. A model is opened in a process of its own. */
export const localModels = (options: Pick<LanguageModelOptions, 'threads' | 'device' | 'weights'>): LocalModels => {
  /** A model's files do not change; what they say is read once. */
  const described = new Map<string, Promise<ModelDescription | undefined>>();
  const describe = ({ kind, path, sizeBytes }: ListedModel): Promise<ModelDescription | undefined> => {
    const key = `${path} ${sizeBytes}`;
    const known = described.get(key) ?? describeModel(kind, path).catch(() => undefined); // why, it says when it is loaded
    described.set(key, known);
    return known;
  };
  return {
    async list() {
      const { models, available } = await listModels();
      return {
        models: await Promise.all(
          models.map(async (model) => {
            const { family = null, parameters = null, context = null } = (await describe(model)) ?? {};
            const { name, sizeBytes, licence } = model;
            return { name, sizeBytes, licence, family, parameters, context, generates: !encoders.has(family) };
          }),
        ),
        available,
      };
    },
    open: (name, { slots, signal, adapter, guard }) =>
      openLanguageModelApart(name, { ...options, slots, ...(adapter !== undefined && { adapter }), ...(guard && { guard }) }, { signal }),
  };
};
