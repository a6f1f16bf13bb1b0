import { basename, resolve } from 'node:path';
import { ConfigError, type Program } from '../../core/index.ts';
import type { ChatMessage } from '../../formats/index.ts';
import { openGenerator, type StepForm, stepProgram, stopFilter, type Token, withLastToken } from '../../generate/index.ts';
import type { GuardSettings } from '../../guard/index.ts';
import { countParameters } from '../../models/index.ts';
import { type Device, type Executable, openEngine } from '../../runtime/index.ts';
import { weightsSha256 } from '../models/show-model.ts';
import { adapterOn, adapterSha256, besideWeights } from './adapter-on.ts';
import { boundProgram, heldProgram } from './bound-program.ts';
import { editedStep, type ModelEdit } from './edited-step.ts';
import { grammarMasks } from './grammar-masks.ts';
import { type Answer, guardedAnswer, unguardedAnswer } from './guarded.ts';
import { readMeasured } from './measured-weights.ts';
import { openGuard } from './open-guard.ts';
import { openSource } from './open-source.ts';
import { perplexityOf, type TextPerplexity } from './perplexity.ts';
import type { ModelInfo, ModelLoad, ModelWeights, TextPiece, TextRequest, TextResult, TextScore, TextToken } from './text-request.ts';
import { chatText } from './text-tools.ts';
import { unsentTokens } from './unsent-tokens.ts';
import { virtualTokensOf, withVirtualTokens } from './virtual-tokens.ts';
import { chooseWeights } from './weights.ts';

export interface LanguageModelOptions {
  /** Folder of an adapter, or of the run of `lyceum adapt` that made it; a LoRA of PEFT's will do. It is put on the model as that is opened, which then goes by the folder's name. */
  readonly adapter?: string;
  readonly weights?: ModelWeights;
  readonly threads?: number;
  readonly device?: Device;
  /** Texts computed together at most. Default 8. */
  readonly slots?: number;
  /** What documents in requests may do: a folder of `lyceum guard calibrate`, or settings. Default: whatever they like. */
  readonly guard?: string | GuardSettings;
}

/** What else a model can be opened with in this process. */
export interface OpenLanguageModelOptions extends LanguageModelOptions {
  /** What becomes of the model, for all that is asked of it. Long prompts are then read as others are: more slowly, and with the same sites. */
  readonly edit?: ModelEdit;
}

/** A language model at work: texts in, texts out. */
export interface LanguageModel extends AsyncDisposable {
  readonly info: ModelInfo;
  /**
   * Continues a text or a conversation. What several ask at once is computed together.
   *
   * @throws ConfigError for a request that cannot be served: neither or both of prompt and messages, a prompt longer than the context, options out of range, no chat template · the signal's reason
   */
  generate(request: TextRequest, options?: { readonly signal?: AbortSignal; readonly onPiece?: (piece: TextPiece) => void }): Promise<TextResult>;
  /**
   * Probabilities of a completion's tokens after a prompt. Both are cut into tokens together; a token belongs to the completion if it ends after the prompt's last character.
   *
   * @throws ConfigError where the two are longer than the context, or the completion has no token
   */
  logprobs(prompt: string, completion: string, options?: { readonly special?: boolean }): Promise<TextScore>;
  /**
   * The same for many completions of one prompt, which is computed once. After a conversation a completion is what the assistant says.
   *
   * @throws ConfigError as `logprobs`, or where a model without a chat template is given a conversation
   */
  scoreCompletions(prompt: string | readonly ChatMessage[], completions: readonly string[], options?: { readonly special?: boolean }): Promise<TextScore[]>;
  /**
   * How surprising a text is, read in windows of 512 tokens at most.
   *
   * @throws ConfigError for a text of less than two tokens
   */
  perplexity(text: string): Promise<TextPerplexity>;
  /** How busy it is now. */
  load(): Promise<ModelLoad>;
}

/** A model in this process: its graph can be looked at. */
export interface OpenLanguageModel extends LanguageModel {
  /** One step, from ids and the cache to scores, as it is computed: weights, an adapter and the edit included. */
  readonly graph: Program;
}

/**
 * Opens a model in this process: computations block it. `openLanguageModelApart` does not.
 *
 * @param model  a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints
 * @throws NotFoundError where there is none · FormatError, UnsupportedError, ConfigError where its files cannot be used · as `editedStep`
 */
export const openLanguageModel = async (
  model: string,
  { adapter: folder, weights, threads, device, slots, guard: given, edit }: OpenLanguageModelOptions = {},
): Promise<OpenLanguageModel> => {
  const { resolved, source: base, tokenizer, chatTemplate, unnamed } = await openSource(model);
  const { config } = base.member;
  const adapter = folder === undefined ? undefined : await adapterOn(folder, base, resolved);
  const { source, beside } = besideWeights(base, adapter);
  const { virtualTokens = 0, askedTokens = 0 } = beside ?? {};
  const positions = config.positions - virtualTokens;
  const { weights: mode, longPrompts } = chooseWeights(
    source,
    weights,
    (weights ?? 'auto') === 'auto' ? await readMeasured(base.files, device) : undefined,
    device,
  );
  const virtual = virtualTokensOf({ count: virtualTokens, vocab: config.vocab, askedTokens });
  const causal = { name: resolved.name, config: { ...config, virtualTokens: virtual.ids }, build: source.member.build };
  const engine = await openEngine({ ...(threads !== undefined && { threads }), ...(device !== undefined && { device }) });
  const on = folder === undefined ? undefined : { name: basename(resolve(folder)), sha256: () => adapterSha256(folder) };
  const known = { name: resolved.name, layers: config.layers, sha256: () => weightsSha256(resolved), adapter: on };
  const guard = given === undefined ? undefined : await openGuard(given, { engine, model: known });
  const site = guard?.site;
  const stepOf = (form: StepForm): Program => {
    const step = stepProgram(causal, form);
    return site === undefined ? step : withLastToken(step, site);
  };
  const prepared = (mode: ModelInfo['weights'], { many = false, ...form }: StepForm & { readonly many?: boolean } = {}) =>
    boundProgram({ source, tokenizer, beside, threads }, stepOf(form), mode, { many, quick: form.fused ?? false });
  // What the operator of attention asks for; it has not all sites that an edit may name.
  const fused = !edit && config.headDim % 8 === 0;
  const inPlace = device !== 'webgpu';
  const quick = fused && inPlace;
  const { program: first, bindings } = await prepared(mode, quick ? { fused, inPlace, rowsOnly: false, parts: 1 } : {});
  const { program, feeding } = edit ? editedStep(first, edit) : { program: first, feeding: (executable: Executable) => executable };
  let graph = quick ? undefined : program;
  const plain = await openGenerator({
    engine: { compile: async (...given) => feeding(virtual.feeding(await engine.compile(...given))) },
    model: causal,
    program,
    bindings,
    ...(site !== undefined && { lastToken: site }),
    ...(quick && { whole: () => prepared(mode) }),
    ...(fused && longPrompts && { long: () => prepared(longPrompts, { fused, inPlace, rowsOnly: site === undefined, many: true }) }),
    ...(slots !== undefined && { slots }),
  });
  const { layers, hidden, vocab } = config;
  const generator = withVirtualTokens(plain, virtual);
  const info: ModelInfo = {
    name: folder === undefined ? resolved.name : basename(resolve(folder)),
    ...(folder !== undefined && { base: resolved.name }),
    family: source.family,
    parameters: countParameters(source.parameters),
    layers,
    hidden,
    vocab,
    context: positions,
    weights: mode,
    hasChatTemplate: chatTemplate !== undefined,
    takesTools: chatTemplate !== undefined && /\btools\b/.test(chatTemplate),
  };

  const promptOf = async ({ prompt, messages, tools, special = true }: TextRequest): Promise<readonly number[]> => {
    if ((prompt === undefined) === (messages === undefined))
      throw new ConfigError(`${info.name}: expected either a prompt or messages, got ${prompt === undefined ? 'neither' : 'both'}; give one`);
    if (tools && (messages === undefined || !info.takesTools))
      throw new ConfigError(
        `${info.name}: expected no tools, because ${messages ? 'its chat template does not name them' : 'a prompt is taken as it is'}, got some; leave them out`,
      );
    if (typeof prompt === 'string') return tokenizer.encode(prompt, { special });
    if (prompt !== undefined) return prompt;
    return tokenizer.encode(await templated(messages!, tools), { special: false });
  };
  const templated = async (messages: readonly ChatMessage[], tools?: readonly object[]): Promise<string> => {
    if (chatTemplate === undefined)
      throw new ConfigError(
        `${info.name}: expected a model with a chat template for messages, got one without; give a prompt instead, or use an instruction-tuned model`,
      );
    return await chatText({ tokenizer, chatTemplate }, messages, tools);
  };

  const bytesOf = (id: number): Uint8Array => {
    const bytes = tokenizer.tokenBytes(id);
    return bytes.length > 0 ? bytes : Buffer.from(tokenizer.tokenOf(id) ?? '');
  };
  const named = (token: Token): TextToken =>
    token.candidates
      ? { ...token, bytes: bytesOf(token.id), candidates: token.candidates.map((one) => ({ ...one, bytes: bytesOf(one.id) })) }
      : { id: token.id };

  /** Prompt and completion as tokens; those from `from` on are the completion's. */
  const cut = (prompt: string, completion: string, special: boolean): { ids: readonly number[]; from: number } => {
    const { ids, ends } = tokenizer.encodeWithOffsets(prompt + completion, { special });
    const from = ends.findIndex((end) => end > prompt.length);
    if (from < 0) throw new ConfigError(`${info.name}: expected a completion with tokens, got ${JSON.stringify(completion.slice(0, 40))}; write something`);
    return { ids, from: Math.max(1, from) }; // a first token that nothing precedes has no probability of its own
  };
  const textScore = (tokenLogprobs: number[], tokenIds: readonly number[]): TextScore => ({
    logprob: tokenLogprobs.reduce((a, b) => a + b, 0),
    tokenLogprobs,
    tokenIds,
  });

  const never = unnamed.map((id) => [id, Number.NEGATIVE_INFINITY] as const);
  const maskOf = grammarMasks(tokenizer, config.vocab);

  const answer: Answer = async (request, { signal, onPiece, lastToken }) => {
    const {
      maxTokens = 256,
      stop = [],
      candidates,
      schema,
      calls,
      speculate = request.seed === undefined,
      prompt: _,
      messages: __,
      tools: ___,
      special: ____,
      ...sampling
    } = request;
    const prompt = await promptOf(request);
    // An answer ends with the context at the latest.
    const mask = maskOf({ schema, ...(calls && { calls }) }, Math.min(maxTokens, positions - prompt.length));
    const [decoder, filter] = [tokenizer.decodeStream(), stopFilter(stop)];
    let text = '';
    let stopped = false;
    const unsent = unsentTokens();
    const show = (more: string): void => {
      text += more;
      if (more.length > 0) onPiece?.({ text: more, tokens: unsent.before(text.length) });
    };
    const { tokenIds, finishReason, promptTokens, cachedTokens } = await generator.generate(
      {
        prompt,
        maxTokens,
        endIds: tokenizer.eos,
        sampling: unnamed.length === 0 ? sampling : { ...sampling, logitBias: new Map([...(sampling.logitBias ?? []), ...never]) },
        ...(mask && { mask }),
        ...(candidates !== undefined && { candidates }),
        speculate,
        ...(lastToken && { lastToken }),
        ...(signal && { signal }),
      },
      (token) => {
        const own = decoder.push(token.id);
        unsent.push(named(token), own.length);
        const next = filter.push(own);
        stopped = next.stopped;
        show(next.text);
        return !stopped;
      },
    );
    if (!stopped) {
      const last = filter.push(decoder.end());
      stopped = last.stopped;
      show(stopped ? last.text : last.text + filter.end());
    }
    const rest = stopped ? [] : unsent.before(Number.POSITIVE_INFINITY);
    if (rest.length > 0) onPiece?.({ text: '', tokens: rest });
    return { text, tokenIds, finishReason, usage: { promptTokens, cachedTokens, completionTokens: tokenIds.length } };
  };
  const guarded = guard ? guardedAnswer(answer, guard) : unguardedAnswer(answer, info.name);

  return {
    info,
    get graph() {
      graph ??= heldProgram(source, beside, stepOf({}), mode).program;
      return graph;
    },
    generate: (request, options = {}) => guarded(request, options),
    async logprobs(prompt, completion, { special = true } = {}) {
      const { ids, from } = cut(prompt, completion, special);
      return textScore([...(await generator.score(ids, from))], ids.slice(from));
    },
    async scoreCompletions(prompt, completions, { special = true } = {}) {
      if (completions.length === 0) return [];
      const text = typeof prompt === 'string' ? prompt : await templated(prompt);
      const texts = completions.map((completion) => cut(text, completion, special && typeof prompt === 'string'));
      // A completion may change how the prompt's end is cut: what all have in common is computed once.
      const [{ ids: one }] = texts as [(typeof texts)[0], ...typeof texts];
      let common = Math.min(...texts.map(({ from }) => from));
      for (const { ids } of texts) for (let i = 0; i < common; i++) if (ids[i] !== one[i]) common = i;
      if (common === 0) return await Promise.all(texts.map(async ({ ids, from }) => textScore([...(await generator.score(ids, from))], ids.slice(from))));
      const scores = await generator.scoreContinuations(
        one.slice(0, common),
        texts.map(({ ids }) => ids.slice(common)),
      );
      return texts.map(({ ids, from }, i) => textScore([...scores[i]!.subarray(from - common)], ids.slice(from)));
    },
    perplexity: (text) => perplexityOf(text, tokenizer, positions, (tokens, from) => generator.score(tokens, from)),
    async load() {
      return { ...generator.stats, memoryBytes: process.memoryUsage.rss() };
    },
    async [Symbol.asyncDispose]() {
      await generator[Symbol.asyncDispose]();
      await guard?.[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
};
