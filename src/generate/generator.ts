import { ConfigError, type Program } from '../core/index.ts';
import { type Binding, CancelledError, type Engine, type Executable, type TensorData } from '../runtime/index.ts';
import type { CausalModel } from './causal-model.ts';
import { fillingLastToken, lastTokenOutput, putAtLast } from './last-token.ts';
import { checkRequest, type Generated, type Request, type Token } from './request.ts';
import { runStepWhole, type Step } from './run-step.ts';
import { adjust, adjusts, bestCandidates, checkSampling, draw } from './sampling.ts';
import { scoreTokens } from './score.ts';
import { continuationScorer } from './score-continuations.ts';
import { createSlots, plainTokens } from './slots.ts';
import { createSpeculation, type Speculation, worthChecking } from './speculation.ts';
import { stepProgram } from './step-program.ts';
import { whenAsked } from './when-asked.ts';

interface BoundStep {
  readonly program: Program;
  readonly bindings: ReadonlyMap<string, Binding>;
}

export interface GeneratorOptions {
  readonly engine: Pick<Engine, 'compile'>;
  readonly model: CausalModel;
  /** The model's step, where an edit has changed it. */
  readonly program?: Program;
  readonly bindings: ReadonlyMap<string, Binding>;
  /** The step for any tokens of any texts, where `program` is only for one text or one token of each, with attention as one operator: asked for when it is needed. */
  readonly whole?: () => Promise<BoundStep>;
  /** The same step made for long prompts: fused, with weights that suit many rows; asked for when the first one comes. */
  readonly long?: () => Promise<BoundStep>;
  /** Sequences computed together at most. Default 8. */
  readonly slots?: number;
  /** Site of the residual stream that requests may see, and put another vector at, at the last token of their prompts; the programs are `withLastToken` for it. */
  readonly lastToken?: string;
}

/** Generates for many at once: whoever asks joins the batch at the next step. */
export interface Generator extends AsyncDisposable {
  /**
   * @param onToken  each token as it comes; false ends the answer with this token
   * @throws ConfigError for a prompt that is empty or leaves no room in the context, or options out of range; the signal's reason
   */
  generate(request: Request, onToken?: (token: Token) => boolean | undefined): Promise<Generated>;
  /**
   * Natural logarithms of the probabilities of tokens[from …], each given those before it.
   *
   * @param from  at least 1
   */
  score(tokens: readonly number[], from: number): Promise<Float64Array>;
  /** The same for many continuations of one beginning, which is computed once. @throws ConfigError where the beginning or a continuation is empty, or both are longer than the context */
  scoreContinuations(beginning: readonly number[], continuations: readonly (readonly number[])[]): Promise<Float64Array[]>;
  readonly stats: { readonly active: number; readonly waiting: number; readonly cacheBytes: number };
}

interface Sequence {
  readonly request: Request;
  readonly onToken: ((token: Token) => boolean | undefined) | undefined;
  readonly resolve: (generated: Generated) => void;
  readonly reject: (error: unknown) => void;
  readonly generated: number[];
  /** Prompt and generated tokens. */
  readonly text: number[];
  readonly speculation: Speculation;
  cached: number;
  guessed: number;
  right: number;
}

const mostTokens = { beside: 288, alone: 576 }; // of a prompt in one step, where that is the one for long prompts: others do not wait as long
const idleMs = 20; // after which memory for the next text is taken
const longTokens = 64; // of a prompt from which on its step may be another one

/** Compiles the model's step and waits for requests. */
export const openGenerator = async ({
  engine,
  model,
  program = stepProgram(model),
  bindings,
  whole,
  long,
  slots: most = 8,
  lastToken: site,
}: GeneratorOptions): Promise<Generator> => {
  if (!Number.isInteger(most) || most < 1) throw new ConfigError(`generate: expected slots ≥ 1, got ${most}`);
  const filled = (executable: Executable): Executable => (site === undefined ? executable : fillingLastToken(executable, site));
  const compiled = async (own: BoundStep): Promise<Executable> => filled(await engine.compile(own.program, own.bindings, { arena: true, stays: true }));
  const step = await compiled({ program, bindings });
  const forAny = whole && whenAsked(() => whole().then(compiled));
  const wholeStep = async (): Promise<Executable> => (forAny ? await forAny.get() : step);
  const forMany = long && whenAsked(() => long().then(compiled));
  const isLong = (prompt: readonly number[]): boolean => long !== undefined && prompt.length >= longTokens;
  const stepFor = (prompt: readonly number[]): Promise<Executable> | Executable => (forMany && isLong(prompt) ? forMany.get() : step);
  const continuations = whenAsked(async () => continuationScorer(await wholeStep(), model)); // one for all who ask, whose beginnings share its cache in the order of asking
  // Slots 0 … active − 1 are at work, the last of them perhaps still with its prompt; the others keep what they had, for a prompt that begins alike.
  const slots = createSlots(model.config, most);
  const { cache } = slots;
  const active: Sequence[] = [];
  const waiting: Sequence[] = [];
  let working: Promise<void> | undefined;
  let closed = false;

  /** Gives a sequence the slot after the active ones. */
  const admit = (sequence: Sequence): void => {
    const { prompt } = sequence.request;
    sequence.cached = slots.place(active.length, prompt, isLong(prompt));
    active.push(sequence);
  };

  const reading = (): boolean => active.length > 0 && active.at(-1)!.generated.length === 0;
  const release = (slot: number): void => {
    const move = (from: number, to: number): number => {
      slots.swap(from, to);
      active[to] = active[from]!;
      return from;
    };
    const last = active.length - 1;
    // The one whose prompt is being read stays the last.
    const hole = reading() && slot < last ? move(last - 1, slot) : slot;
    move(last, hole);
    active.pop();
  };
  const fail = (slot: number, error: unknown): void => {
    const { reject } = active[slot]!;
    release(slot);
    reject(error);
  };
  const failAll = (error: unknown): void => {
    while (active.length > 0) fail(active.length - 1, error);
    for (const { reject } of waiting.splice(0)) reject(error);
  };

  let spare: TensorData | undefined; // the scores of the step before
  /** @returns the scores of the rows asked for, until the next step, and what a site computes at them */
  const run = async (executable: Executable, step: Step): Promise<{ scores: Float32Array; computed: Float32Array | undefined }> => {
    const found = await runStepWhole(executable, cache, { ...step, spare });
    spare = found['logits'];
    for (const [i, own] of step.tokens.entries()) slots.append(step.first + i, own);
    return { scores: found['logits']!.data as Float32Array, computed: found[lastTokenOutput]?.data as Float32Array | undefined };
  };

  /** Draws the next token of a slot. @returns why its answer is over with it, if it is */
  const next = (slot: number, scores: Float32Array): Generated['finishReason'] | undefined => {
    const { request, generated, text, onToken } = active[slot]!;
    const { sampling = {}, candidates, mask } = request;
    const named = candidates === undefined ? [] : bestCandidates(scores, Math.max(1, candidates));
    const plain = candidates === undefined ? undefined : named[0]!.logprob - scores[named[0]!.id]!;
    const adjusted = adjusts(sampling) ? scores.slice() : scores; // a mask leaves what it allows as it is
    adjust(adjusted, { prompt: request.prompt, generated }, sampling);
    mask?.apply(adjusted);
    const id = draw(adjusted, sampling, generated.length);
    mask?.accept(id);
    if (request.endIds?.includes(id)) return 'stop';
    generated.push(id);
    text.push(id);
    const goOn = onToken?.({ id, ...(plain !== undefined && { logprob: scores[id]! + plain, candidates: named.slice(0, candidates) }) });
    if (goOn === false || mask?.done) return 'stop';
    return generated.length >= request.maxTokens || text.length >= model.config.positions ? 'length' : undefined;
  };
  const finish = (slot: number, finishReason: Generated['finishReason']): void => {
    const { request, generated, cached, guessed, right, resolve } = active[slot]!;
    release(slot);
    resolve({ tokenIds: generated, finishReason, promptTokens: request.prompt.length, cachedTokens: cached, guessedTokens: guessed, rightTokens: right });
  };

  /** Reads a part of the last slot's prompt; after its last token draws the first of the answer. */
  const read = async (): Promise<void> => {
    const slot = active.length - 1;
    const { prompt, lastToken } = active[slot]!.request;
    const from = cache.lengthOf(slot);
    const left = prompt.length - from;
    const most = active.length === 1 ? mostTokens.alone : mostTokens.beside;
    // Of like length where that is free: a short last one would read all weights for little.
    const part = prompt.slice(from, from + (isLong(prompt) ? Math.ceil(left / Math.ceil(left / most)) : plainTokens));
    const ends = from + part.length === prompt.length;
    const { scores, computed } = await run(await stepFor(prompt), {
      first: slot,
      tokens: [part],
      rows: [part.length - 1],
      short: true,
      more: ends && lastToken?.put ? putAtLast(site!, part.length, lastToken.put) : undefined,
    });
    slots.markRead(slot, ends && lastToken?.put ? prompt.length - 1 : from + part.length); // what stands after a token where something was put is of no use to another
    if (!ends) return;
    if (lastToken?.seen?.(computed!) === false) return finish(slot, 'stop');
    const over = next(slot, scores);
    if (over) finish(slot, over);
  };

  /** Draws the next token of the first slots, and those after it whose guesses turn out right. */
  const decode = async (count: number): Promise<void> => {
    const texts = active.slice(0, count);
    const room = Math.min(...texts.map(({ text }) => model.config.positions - text.length)); // places of the step's tokens, those of filling too
    for (const { request, text, generated, speculation } of texts)
      speculation.propose(text, request.speculate === false ? 0 : Math.min(room, request.maxTokens - generated.length - 1));
    const most = worthChecking(texts.map(({ speculation }) => speculation));
    const guesses = texts.map(({ speculation }) => speculation.tokens.slice(0, most));
    const seq = 1 + Math.max(...guesses.map(({ length }) => length));
    // Later tokens do not change the scores of earlier ones, so any will do to fill up with.
    const tokens = guesses.map((guess, i) => [texts[i]!.text.at(-1)!, ...guess, ...Array<number>(seq - 1 - guess.length).fill(0)]);
    const rows = guesses.flatMap((guess, i) => Array.from({ length: 1 + guess.length }, (_, j) => i * seq + j));
    const { scores } = await run(seq === 1 || count === 1 ? step : await wholeStep(), { first: 0, tokens, rows });
    const { vocab } = model.config;
    let end = rows.length;
    for (let slot = count - 1; slot >= 0; slot--) {
      const guess = guesses[slot]!;
      const sequence = texts[slot]!;
      const before = cache.lengthOf(slot) - seq;
      const first = sequence.generated.length;
      end -= 1 + guess.length;
      let right = 0;
      let over = next(slot, scores.subarray(end * vocab, (end + 1) * vocab));
      while (!over && right < guess.length && sequence.generated[first + right] === guess[right]) {
        right++;
        over = next(slot, scores.subarray((end + right) * vocab, (end + right + 1) * vocab));
      }
      sequence.guessed += guess.length;
      sequence.right += right;
      // A guess that was not checked tells by its first token.
      if (guess.length > 0) sequence.speculation.learn(right, guess.length);
      else sequence.speculation.learn(Number(sequence.speculation.tokens[0] === sequence.generated[first]), 1);
      // Only the rows of tokens that came are kept.
      slots.keep(slot, before + 1 + right);
      if (over) finish(slot, over);
    }
  };

  const work = async (): Promise<void> => {
    while (active.length > 0 || waiting.length > 0) {
      if (closed) failAll(new CancelledError('generate: this answer was cancelled, its generator was closed; open another'));
      for (let slot = active.length - 1; slot >= 0; slot--) if (active[slot]!.request.signal?.aborted) fail(slot, active[slot]!.request.signal!.reason);
      // One prompt at a time is read, in the last slot; the others go on meanwhile.
      while (!reading() && active.length < most && waiting.length > 0) {
        const next = waiting.shift()!;
        if (next.request.signal?.aborted) next.reject(next.request.signal.reason);
        else admit(next);
      }
      try {
        if (reading()) await read();
        const decoding = active.length - (reading() ? 1 : 0);
        if (decoding > 0) await decode(decoding);
      } catch (error) {
        failAll(error);
      }
    }
  };
  const start = (): void => {
    working ??= work().finally(() => {
      working = undefined;
      if (active.length > 0 || waiting.length > 0) start();
      else setTimeout(() => !working && !closed && slots.prepare(), idleMs).unref();
    });
  };
  const open = (): void => {
    if (closed) throw new ConfigError('generate: expected an open generator, got one that was closed; open another');
  };

  return {
    async generate(request, onToken) {
      open();
      checkSampling(request.sampling ?? {});
      checkRequest(request, model);
      if (request.lastToken && site === undefined)
        throw new ConfigError('generate: expected a generator that was opened with a site for last tokens, got one without; name it in its options');
      request.signal?.throwIfAborted();
      return new Promise<Generated>((resolve, reject) => {
        const text = [...request.prompt];
        waiting.push({ request, onToken, resolve, reject, generated: [], text, speculation: createSpeculation(), cached: 0, guessed: 0, right: 0 });
        start();
      });
    },
    async score(tokens, from) {
      open();
      return scoreTokens(await wholeStep(), model, tokens, from);
    },
    async scoreContinuations(beginning, texts) {
      open();
      return (await continuations.get())(beginning, texts);
    },
    get stats() {
      return { active: active.length, waiting: waiting.length, cacheBytes: cache.bytes };
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await working;
      for (const one of [forMany, forAny]) await (await one?.made?.catch(() => undefined))?.[Symbol.asyncDispose]();
      await step[Symbol.asyncDispose]();
    },
  };
};
