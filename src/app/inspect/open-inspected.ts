import { createHash } from 'node:crypto';
import { UnsupportedError } from '../../core/index.ts';
import type { CausalTokenizer } from '../../formats/index.ts';
import { type Blockwise, type HeadedModel, inspectedProgram, openBlockwise, openParts, type Parts } from '../../inspect/index.ts';
import { openEngine } from '../../runtime/index.ts';
import { adapterOn, besideWeights } from '../language-model/adapter-on.ts';
import { boundProgram } from '../language-model/bound-program.ts';
import { openSource } from '../language-model/open-source.ts';
import type { ModelWeights } from '../language-model/text-request.ts';

import { weightsSha256 } from '../models/show-model.ts';

export interface InspectOptions {
  /** An adapter put on the model: a folder of `lyceum adapt`, or a LoRA of PEFT's. */
  readonly adapter?: string | undefined;
  /** Default and `auto`: float32, so that what is measured is the model's and not the rounding's. */
  readonly weights?: ModelWeights | undefined;
  readonly threads?: number | undefined;
}

/** A language model opened up. */
export interface InspectedLanguageModel extends AsyncDisposable {
  readonly name: string;
  /** Hash of its weights, and of what an adapter puts on them. */
  identity(): Promise<string>;
  readonly weights: Exclude<ModelWeights, 'auto'>;
  readonly tokenizer: CausalTokenizer;
  readonly chatTemplate: string | undefined;
  readonly blocks: Blockwise;
  /** The same with the components of its blocks to be seen, opened when it is first asked for. */
  parts(): Promise<Parts>;
}

/**
 * Opens a language model block by block, in this process.
 *
 * @param model  a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints
 * @throws as `openLanguageModel` · UnsupportedError for an adapter of virtual tokens
 */
export const openInspected = async (model: string, { adapter: folder, weights = 'f32', threads }: InspectOptions = {}): Promise<InspectedLanguageModel> => {
  const { resolved, source: base, tokenizer, chatTemplate } = await openSource(model);
  const adapter = folder === undefined ? undefined : await adapterOn(folder, base, resolved);
  const { source, beside } = besideWeights(base, adapter);
  if ((beside?.virtualTokens ?? 0) > 0)
    throw new UnsupportedError(
      `inspect ${model}: expected an adapter beside the weights, got one of virtual tokens before the text; inspect the model without it`,
    );
  const inspected: HeadedModel = { name: resolved.name, config: base.member.config, build: source.member.build };
  const mode = weights === 'auto' ? 'f32' : weights;
  const { program, bindings } = await boundProgram({ source, tokenizer, beside, threads }, inspectedProgram(inspected), mode);
  await using opened = new AsyncDisposableStack();
  const engine = opened.use(await openEngine(threads === undefined ? {} : { threads }));
  const blocks = opened.use(openBlockwise(engine, inspected, program, bindings));
  const held = opened.move();
  let parts: Promise<Parts> | undefined;
  const openedParts = async (): Promise<Parts> => held.use(await openParts(engine, inspected, program, bindings, blocks));
  const identity = async (): Promise<string> => {
    const hash = createHash('sha256').update(await weightsSha256(resolved));
    for (const [name, values] of adapter?.values ?? []) hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return hash.digest('hex');
  };
  return {
    name: resolved.name,
    identity,
    weights: mode,
    tokenizer,
    chatTemplate,
    blocks,
    parts: () => {
      parts ??= openedParts();
      return parts;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
};
