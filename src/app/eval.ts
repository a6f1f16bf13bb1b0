import { readFile } from 'node:fs/promises';
import { type AnnotatedDocument, type Evaluation, evaluateScierc, parseGold, parsePredictions } from '../evaluate/index.ts';
import { type PredictOptions, predictDocuments } from './predict.ts';

interface EvalOptions extends PredictOptions {
  /** Gold file in the DyGIE format. */
  readonly data: string;
  /** File of predictions; without it, `reader` predicts first. */
  readonly predictions?: string;
  /** Seed of the bootstrap; intervals are computed when given. */
  readonly intervals?: { readonly seed: number };
}

/** Scores predictions, or a reader's own, against a gold file under every convention of the task. */
export async function evaluate(_task: 'scierc', options: EvalOptions): Promise<Evaluation> {
  const gold = parseGold(await readFile(options.data, 'utf8'), options.data);
  const predicted: readonly AnnotatedDocument[] =
    options.predictions === undefined
      ? parsePredictions((await predictDocuments(gold, options)).map((line) => JSON.stringify(line)).join('\n'), 'the reader')
      : parsePredictions(await readFile(options.predictions, 'utf8'), options.predictions);
  return evaluateScierc(gold, predicted, options.intervals ? { intervals: options.intervals } : {});
}
