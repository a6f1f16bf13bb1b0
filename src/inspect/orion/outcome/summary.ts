import type { ResampleOptions } from '../../../evaluate/index.ts';
import type { OrionDataset } from '../dataset.ts';
import type { Role } from '../role.ts';
import { nameOf } from '../task.ts';
import { type CurvePoint, type Floors, floorsOf, outcomeCurves } from './curves.ts';
import { type OutcomeLayers, outcomeLayers } from './layers.ts';
import { mean } from './mean.ts';
import type { OrionBaseline, OrionPairResult } from './pairs.ts';

/** A model that answers no more than this share of a variant's prompts has not learnt it: interventions on it say nothing. */
const passMark = 0.7;
/** A family's request is said to be transferred where its cell is above this. */
const transferMark = 0.7;

export interface RequestTransfer {
  readonly max: number;
  readonly ci95: readonly [low: number, high: number];
  /** The other figures of request transfer at that layer, normalised; null as in the curves. */
  readonly separable: number | null;
  readonly accuracy: number | null;
  readonly softMatch: number | null;
  readonly logitDiff: number | null;
}

/** What a sweep says of a variant. */
export interface OrionSweep extends OutcomeLayers {
  /** Normalised token probability of request transfer at L2, and its 95 % interval there; that L2 was chosen as the best layer is not in the interval. */
  readonly requestTransfer: RequestTransfer;
  readonly floors: Floors;
  readonly curves: Readonly<Record<Role, readonly CurvePoint[]>>;
}
type Unswept = { readonly [Key in keyof OrionSweep]: null };

interface OrionTaskFigures {
  readonly family: string;
  readonly variant: string;
  /** Prompts. */
  readonly n: number;
  /** Share of prompts, in [0, 1], whose answer is the likeliest token when nothing is replaced. */
  readonly accuracy: number;
  /** Share of lucky guesses. */
  readonly guess: number;
  /** Mean probability of right answers when nothing is replaced. */
  readonly tokenProb: number;
  /** Share of prompts, in [0, 1], where the likeliest token begins as the answer does, but for case and spaces. */
  readonly softMatch: number;
  /** Mean score of the answer above that of what another request finds; null where every request finds the answer. */
  readonly logitDiff: number | null;
  /** Whether the model knows the task: `accuracy` above 0.7. */
  readonly passed: boolean;
}

/** A variant and what interventions made of it; nulls where none was swept, as nobody need where the model does not know the task. */
export type OrionTaskSummary = OrionTaskFigures & (OrionSweep | Unswept);

export interface OrionSummary {
  readonly model: string;
  readonly tasks: readonly OrionTaskSummary[];
  /** Families with a variant that the model knows, and those of them whose request is transferred. */
  readonly cells: { readonly passed: number; readonly above70: number };
}

/**
 * The figures of a variant.
 *
 * @param baselines  of the dataset's prompts, in their order
 * @param results    of pairs at any layers; none: no sweep
 * @throws RangeError where baselines and prompts do not fit, pairs name other prompts, or a probability is none
 */
export const summariseTask = (
  { family, variant, prompts, guess }: OrionDataset,
  baselines: readonly OrionBaseline[],
  results: readonly OrionPairResult[],
  options: ResampleOptions = {},
): OrionTaskSummary => {
  const where = nameOf({ family, variant });
  if (baselines.length !== prompts.length) throw new RangeError(`${where}: expected a baseline for each of ${prompts.length} prompts, got ${baselines.length}`);
  const stray = results.find(({ source, target }) => !(source in prompts) || !(target in prompts));
  if (stray)
    throw new RangeError(`${where}: expected pairs of ${prompts.length} prompts, got one of ${stray.source} and ${stray.target}; sweep the same dataset`);
  const given = [...baselines.map(({ probability }) => probability), ...results.flatMap(({ probabilities }) => Object.values(probabilities))];
  const wrong = given.find((probability) => !(probability >= 0 && probability <= 1));
  if (wrong !== undefined)
    throw new RangeError(`${where}: expected probabilities from 0 to 1, got ${wrong}; the model's scores are no numbers, or no softmax was taken`);
  const accuracy = mean(baselines.map(({ top }, i) => Number(top === prompts[i]!.answerId)));
  const tokenProb = mean(baselines.map(({ probability }) => probability));
  const softMatch = mean(baselines.map((baseline) => Number(baseline.softMatch)));
  const differences = baselines.flatMap((baseline) => baseline.logitDiff ?? []);
  const logitDiff = differences.length > 0 ? mean(differences) : null;
  const figures = { family, variant, n: prompts.length, accuracy, guess, tokenProb, softMatch, logitDiff, passed: accuracy > passMark };
  if (results.length === 0) return { ...figures, L1: null, L2: null, L3: null, requestTransfer: null, floors: null, curves: null };
  const curves = outcomeCurves(results, figures, options);
  const valuesOf = (role: Role): number[] => curves[role].map((point) => point.tokenProb.value);
  const layers = outcomeLayers(
    curves.unaffected.map(({ layer }) => layer),
    { unaffected: valuesOf('unaffected'), request_transfer: valuesOf('request_transfer'), output_transfer: valuesOf('output_transfer') },
  );
  const { tokenProb: best, ...others } = curves.request_transfer.find(({ layer }) => layer === layers.L2)!;
  const requestTransfer: RequestTransfer = {
    max: best.value,
    ci95: [best.low, best.high],
    separable: others.separable?.value ?? null,
    accuracy: others.accuracy?.value ?? null,
    softMatch: others.softMatch?.value ?? null,
    logitDiff: others.logitDiff?.value ?? null,
  };
  return { ...figures, ...layers, requestTransfer, floors: floorsOf(results), curves };
};

/**
 * Per family with a variant that the model knows, how much of the request is transferred at the best layer: the mean over those variants.
 *
 * @throws RangeError where a variant that the model knows was not swept
 */
export const familyCells = (tasks: readonly OrionTaskSummary[]): Map<string, number> => {
  const passing = Map.groupBy(
    tasks.filter(({ passed }) => passed),
    ({ family }) => family,
  );
  const cellValue = (task: OrionTaskSummary): number => {
    if (!task.requestTransfer) throw new RangeError(`${nameOf(task)}: expected a sweep of a task that the model knows, got none`);
    return task.requestTransfer.max;
  };
  return new Map([...passing].map(([family, own]) => [family, mean(own.map(cellValue))]));
};

/** All variants of a model. Source: arXiv 2312.10091, where 98 of 106 cells of 18 models are above 0.7. @throws RangeError as `familyCells` */
export const summariseModel = (model: string, tasks: readonly OrionTaskSummary[]): OrionSummary => {
  const cells = [...familyCells(tasks).values()];
  return { model, tasks, cells: { passed: cells.length, above70: cells.filter((value) => value > transferMark).length } };
};
