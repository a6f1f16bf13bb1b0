import { causalSource, openCausalFiles } from '../../models/index.ts';
import type { Device } from '../../runtime/index.ts';
import type { ResolvedModel } from '../models/resolve-model.ts';
import { type MeasuredMode, type MeasuredWeights, perplexityText, textHash, writeMeasured } from './measured-weights.ts';
import type { LanguageModel } from './open-language-model.ts';
import { openLanguageModelApart } from './open-language-model-apart.ts';
import type { TextPerplexity } from './perplexity.ts';
import { openTextTools } from './text-tools.ts';
import type { WeightMode } from './weights.ts';

export interface MeasureOptions {
  readonly threads: number;
  readonly device: Device;
  readonly signal?: AbortSignal;
  /** Steps done, of how many, and what is measured now. */
  readonly onProgress?: (done: number, total: number, now: string) => void;
}

const modes: readonly WeightMode[] = ['f32', 'int8', 'int4'];
const readTokens = 256;
const decodeTokens = 24;
const rounds = 4; // the first warms up; of the others the best counts

/**
 * Measures what each mode of weights makes of a model, each in a process of its own: perplexity of the fixed text, and tokens a second of a prompt and one by one, turn and turn about, so that what else
 * the machine does meets all alike. Kept for `auto` and for `models show`.
 *
 * @param sha256  of the model's weights
 * @throws as `openLanguageModel` · the signal's reason · what the file system says
 */
export const measureWeights = async (
  { kind, path, name }: Pick<ResolvedModel, 'kind' | 'path' | 'name'>,
  sha256: string,
  { threads, device, signal, onProgress }: MeasureOptions,
): Promise<MeasuredWeights> => {
  const files = await openCausalFiles(kind, path);
  const [source, text] = [await causalSource(files), await perplexityText()];
  const { tokenizer } = await openTextTools(files, undefined, source.member.config.vocab);
  const ids = tokenizer.encode(text, { special: false });
  const total = modes.length * (1 + rounds);
  let done = 0;
  const step = (mode: WeightMode, what: string): void => onProgress?.(done++, total, `${name}, ${mode}: ${what}`);
  await using open = new AsyncDisposableStack();
  const stop = (): void => void open.disposeAsync();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const models = new Map<WeightMode, LanguageModel>();
    const surprise = new Map<WeightMode, TextPerplexity>();
    for (const mode of modes) {
      step(mode, 'perplexity');
      const model = open.use(await openLanguageModelApart(path, { weights: mode, threads, device, slots: 1 }, signal ? { signal } : {}));
      models.set(mode, model);
      surprise.set(mode, await model.perplexity(text));
    }
    const best = new Map(modes.map((mode) => [mode, { readPerSecond: 0, decodePerSecond: 0 }]));
    for (let round = 0; round < rounds; round++)
      for (const [mode, model] of models) {
        step(mode, 'tokens a second');
        const found = await ratesOf(model, ids, round, tokenizer.eos);
        const known = best.get(mode)!;
        if (round > 0)
          best.set(mode, {
            readPerSecond: Math.max(known.readPerSecond, found.readPerSecond),
            decodePerSecond: Math.max(known.decodePerSecond, found.decodePerSecond),
          });
      }
    onProgress?.(total, total, name);
    const found = modes.map((mode): [WeightMode, MeasuredMode] => [mode, { perplexity: surprise.get(mode)!.perplexity, ...best.get(mode)! }]);
    return await writeMeasured(source.files, device, {
      text: textHash(text),
      sha256,
      tokens: surprise.get('f32')!.tokens,
      threads,
      measuredAt: new Date().toISOString(),
      modes: Object.fromEntries(found) as MeasuredWeights['modes'],
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
};

/** One prompt that was not seen before, and one short answer: half of its tokens took no longer than the time that counts. */
const ratesOf = async (
  model: LanguageModel,
  ids: readonly number[],
  round: number,
  eos: readonly number[],
): Promise<Pick<MeasuredMode, 'readPerSecond' | 'decodePerSecond'>> => {
  const { context } = model.info;
  const length = Math.max(1, Math.min(readTokens, context - 2, Math.floor(ids.length / rounds)));
  const start = ids.slice(0, Math.min(16, Math.floor(context / 4)));
  const logitBias = new Map(eos.map((id) => [id, -1000] as const)); // or an answer would end
  const begun = performance.now();
  const { usage } = await model.generate({ prompt: ids.slice(round * length, (round + 1) * length), maxTokens: 1, logitBias });
  const readPerSecond = ((usage.promptTokens - usage.cachedTokens) / (performance.now() - begun)) * 1000;
  const answering = performance.now();
  const intervals: number[] = [];
  let last: number | undefined;
  const onPiece = ({ tokens }: { readonly tokens: readonly unknown[] }): void => {
    const now = performance.now();
    if (last !== undefined && tokens.length > 0) intervals.push((now - last) / tokens.length);
    last = now;
  };
  const { tokenIds } = await model.generate({ prompt: start, maxTokens: Math.min(decodeTokens, context - start.length), logitBias }, { onPiece });
  // Where all came in one piece, reading its short prompt counts too.
  const typical = intervals.sort((a, b) => a - b)[intervals.length >> 1] || (performance.now() - answering) / tokenIds.length;
  return { readPerSecond, decodePerSecond: 1000 / typical };
};
