// Entry point of a language model's process: the model and its engine behind the channel of their parent.
import type { ChatMessage } from '../../formats/index.ts';
import { serveParent } from '../../runtime/index.ts';
import { boundHeap } from '../bound-heap.ts';
import { type LanguageModel, type LanguageModelOptions, openLanguageModel } from './open-language-model.ts';
import type { TextPerplexity } from './perplexity.ts';
import type { ModelInfo, ModelLoad, TextPiece, TextRequest, TextResult, TextScore } from './text-request.ts';

interface Answer {
  pieces: TextPiece[];
  /** Wakes the call that waits for the next piece. */
  wake: () => void;
  readonly abort: AbortController;
  ended?: { result: TextResult } | { error: unknown };
}

let model: LanguageModel;
const answers = new Map<number, Answer>();
let last = 0;

const service = {
  async open(name: string, options: LanguageModelOptions): Promise<ModelInfo> {
    model = await openLanguageModel(name, options);
    return model.info;
  },
  /** Begins an answer. @returns its number, for `next` and `stop` */
  async begin(request: TextRequest): Promise<number> {
    const id = ++last;
    const answer: Answer = { pieces: [], wake: () => {}, abort: new AbortController() };
    answers.set(id, answer);
    const end = (ended: NonNullable<Answer['ended']>): void => {
      answer.ended = ended;
      answer.wake();
    };
    const onPiece = (piece: TextPiece): void => {
      answer.pieces.push(piece);
      answer.wake();
    };
    model.generate(request, { signal: answer.abort.signal, onPiece }).then(
      (result) => end({ result }),
      (error: unknown) => end({ error }),
    );
    return id;
  },
  /** What came since the last call; waits until something has. With `result` the answer is over. */
  async next(id: number): Promise<{ pieces: TextPiece[]; result?: TextResult }> {
    const answer = answers.get(id);
    if (!answer) throw new Error(`internal: no answer ${id}`);
    if (answer.pieces.length === 0 && !answer.ended)
      await new Promise<void>((resolve) => {
        answer.wake = resolve;
      });
    const { pieces, ended } = answer;
    answer.pieces = [];
    if (!ended) return { pieces };
    answers.delete(id);
    if ('error' in ended) throw ended.error;
    return { pieces, result: ended.result };
  },
  async stop(id: number): Promise<void> {
    answers.get(id)?.abort.abort();
  },
  logprobs: (prompt: string, completion: string, options: { readonly special?: boolean }): Promise<TextScore> => model.logprobs(prompt, completion, options),
  scoreCompletions: (prompt: string | readonly ChatMessage[], completions: readonly string[], options: { readonly special?: boolean }): Promise<TextScore[]> =>
    model.scoreCompletions(prompt, completions, options),
  perplexity: (text: string): Promise<TextPerplexity> => model.perplexity(text),
  load: (): Promise<ModelLoad> => model.load(),
};
export type LanguageModelService = typeof service;

boundHeap();
serveParent(service);
