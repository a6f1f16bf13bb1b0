import type { BaseModel } from '../../adapt/index.ts';
import { describeMachine } from '../../runtime/index.ts';
import { weightsSha256 } from '../models/show-model.ts';
import { exampleSizes } from './example-sizes.ts';
import { keptWeights } from './kept-weights.ts';
import { openSource } from './open-source.ts';
import { withWeights } from './weights.ts';

/**
 * Opens a language model to train on: no weights are read before a program asks for them.
 *
 * @param model  a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints
 * @throws as `openLanguageModel`
 */
export const openBase = async (model: string, { threads }: { readonly threads?: number } = {}): Promise<BaseModel> => {
  const { resolved, source, tokenizer, chatTemplate } = await openSource(model);
  return {
    name: resolved.name,
    sha256: await weightsSha256(resolved),
    source,
    tokenizer,
    chatTemplate,
    hold(program, weights, trained) {
      const held = withWeights(source, program, weights, { backward: true, many: true, besides: trained });
      const mode = `${weights} backward ${describeMachine().instructionSet} ${held.form}`;
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
