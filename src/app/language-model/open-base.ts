import type { BaseModel } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import { causalSource, openCausalFiles } from '../../models/index.ts';
import { describeMachine } from '../../runtime/index.ts';
import { resolveModel } from '../models/resolve-model.ts';
import { weightsSha256 } from '../models/show-model.ts';
import { exampleSizes } from './example-sizes.ts';
import { keptWeights } from './kept-weights.ts';
import { openTextTools } from './text-tools.ts';
import { withWeights } from './weights.ts';

/**
 * Opens a language model to train on: no weights are read before a program asks for them.
 *
 * @param model  a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints
 * @throws as `openLanguageModel`
 */
export const openBase = async (model: string, { threads }: { readonly threads?: number } = {}): Promise<BaseModel> => {
  const resolved = await resolveModel(model);
  const files = await openCausalFiles(resolved.kind, resolved.path);
  const [source, { tokenizer, chatTemplate }] = [await causalSource(files), await openTextTools(files, resolved.chatTemplate)];
  if (tokenizer.vocabSize > source.member.config.vocab)
    throw new ConfigError(
      `${model}: expected a tokenizer of at most ${source.member.config.vocab} tokens, got ${tokenizer.vocabSize}; tokenizer and weights are of two models`,
    );
  return {
    name: resolved.name,
    sha256: await weightsSha256(resolved),
    source,
    tokenizer,
    chatTemplate,
    hold(program, weights, trained) {
      const held = withWeights(source, program, weights, { backward: true, many: true, besides: trained });
      const mode = `${weights} backward ${describeMachine().instructionSet}`;
      return {
        program: held.program,
        async bindings() {
          const kept = await keptWeights(source.files, mode, held.names, () => held.make(() => exampleSizes(source, tokenizer, threads)));
          return new Map([...held.inPlace, ...kept]);
        },
      };
    },
  };
};
