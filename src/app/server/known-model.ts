import { NotFoundError, UnsupportedError } from '../../core/index.ts';
import type { LocalModels } from './local-models.ts';

/**
 * Checks that a name is one of this machine's models and writes text: a page must not make the server open any file.
 *
 * @throws NotFoundError · UnsupportedError for one that makes vectors
 */
export const knownModel = async (models: LocalModels, name: string): Promise<void> => {
  const found = (await models.list()).models.find((model) => model.name === name);
  if (!found) throw new NotFoundError(`models: expected a name that GET /api/models lists, got ${JSON.stringify(name)}; \`lyceum models pull\` fetches more.`);
  if (!found.generates) throw new UnsupportedError(`models: expected a model that writes text, got ${name}, which makes vectors of it; choose another.`);
};
