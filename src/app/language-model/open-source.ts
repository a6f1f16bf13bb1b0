import { type CausalSource, causalSource, openCausalFiles } from '../../models/index.ts';
import { type ResolvedModel, resolveModel } from '../models/resolve-model.ts';
import { type FittingTools, openTextTools } from './text-tools.ts';

/** A language model's files, opened: no weight is read yet. */
export interface OpenSource extends FittingTools {
  readonly resolved: ResolvedModel;
  readonly source: CausalSource;
}

/**
 * Opens a language model's files and its tokenizer.
 *
 * @param model  a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints
 * @throws NotFoundError where there is none · FormatError, UnsupportedError, ConfigError where its files cannot be used
 */
export const openSource = async (model: string): Promise<OpenSource> => {
  const resolved = await resolveModel(model);
  const files = await openCausalFiles(resolved.kind, resolved.path);
  const source = await causalSource(files);
  return { resolved, source, ...(await openTextTools(files, resolved.chatTemplate, source.member.config.vocab)) };
};
