import type { AnnotatedDocument, Annotations } from './annotations.ts';
import { countBCubed, countCeaf, countMuc, meanScore } from './coreference.ts';
import { addCounts, type Counts, noCounts, type Score, scoreOf } from './counts.ts';
import { countEntities, countSpans } from './entities.ts';
import { FormatError } from './errors.ts';
import type { Evaluation } from './evaluation.ts';
import { countRelations } from './relations.ts';
import { bootstrap, type PairedInterval, pairedBootstrap, type ResampleOptions } from './resample.ts';

// One row a measure; the name is the prefix of its three metrics.
const measures = {
  entity: countEntities,
  span: countSpans,
  relation: (gold, predicted) => countRelations(gold, predicted),
  'relation-strict': (gold, predicted) => countRelations(gold, predicted, { strict: true }),
  'relation-twice': (gold, predicted) => countRelations(gold, predicted, { symmetricTwice: true }),
  'relation-twice-strict': (gold, predicted) => countRelations(gold, predicted, { symmetricTwice: true, strict: true }),
  'relation-plmarker': (gold, predicted) => countRelations(gold, predicted, { symmetricTwice: true, dropOverlapping: true }),
  'relation-plmarker-strict': (gold, predicted) => countRelations(gold, predicted, { symmetricTwice: true, dropOverlapping: true, strict: true }),
  muc: (gold, predicted) => countMuc(gold.clusters, predicted.clusters),
  'b-cubed': (gold, predicted) => countBCubed(gold.clusters, predicted.clusters),
  ceaf: (gold, predicted) => countCeaf(gold.clusters, predicted.clusters),
} satisfies Record<string, (gold: Annotations, predicted: Annotations) => Counts>;

type Measure = keyof typeof measures;
const measureNames = Object.keys(measures) as Measure[];

/** Every count of one document; counts of documents add. */
export type DocumentCounts = Readonly<Record<Measure, Counts>>;

export const countScierc = (gold: Annotations, predicted: Annotations): DocumentCounts =>
  Object.fromEntries(measureNames.map((name) => [name, measures[name](gold, predicted)])) as DocumentCounts;

const spread = (name: string, { precision, recall, f1 }: Score) => ({ [`${name}-precision`]: precision, [`${name}-recall`]: recall, [`${name}-f1`]: f1 });

/** The pooled figures of documents, by name: `entity-f1`, `relation-strict-precision`, `coreference-f1`, …; each between 0 and 1. */
export const poolScierc = (documents: readonly DocumentCounts[]): Record<string, number> => {
  const pooled = (name: Measure) => documents.reduce((sum, counts) => addCounts(sum, counts[name]), noCounts);
  return Object.assign(
    {},
    ...measureNames.map((name) => spread(name, scoreOf(pooled(name)))),
    spread('coreference', meanScore([pooled('muc'), pooled('b-cubed'), pooled('ceaf')])),
  );
};

const convention = [
  'micro-averaged over all documents, fractions of 1',
  'entity: start, end and label; span: the same without the label',
  'relation: boundaries of both arguments, stored order and label, symmetric labels counted once; relation-strict (Rel+): both arguments also predicted as entities with their gold labels',
  'relation-twice: COMPARE and CONJUNCTION counted twice in either order; relation-plmarker: also drops a prediction that a higher-scored one of the same label overlaps in both arguments',
  'coreference: mean of MUC, B-cubed and CEAF-phi4 for each of precision, recall and F1; predicted clusters of one mention left out of B-cubed and CEAF',
].join('. ');

const pair = (gold: readonly AnnotatedDocument[], predictions: readonly AnnotatedDocument[]): DocumentCounts[] => {
  const byKey = new Map(predictions.map((document) => [document.docKey, document]));
  if (gold.length === 0) throw new FormatError('scierc: expected at least one gold document, got none');
  const known = new Set(gold.map((document) => document.docKey));
  const stranger = predictions.find((document) => !known.has(document.docKey));
  if (stranger)
    throw new FormatError(`scierc: expected predictions for gold documents only, got one for ${stranger.docKey}; predict on the same file that is the gold`);
  return gold.map((document) => {
    const predicted = byKey.get(document.docKey);
    if (!predicted)
      throw new FormatError(`scierc: expected a prediction for every gold document, got none for ${document.docKey}; predict on the whole gold file`);
    if (JSON.stringify(predicted.sentences) !== JSON.stringify(document.sentences))
      throw new FormatError(`scierc: ${document.docKey}: expected the gold document's sentences and tokens, got others; offsets of the two cannot be compared`);
    return countScierc(document, predicted);
  });
};

/**
 * Measures predictions against gold under every convention that papers on SciERC use.
 *
 * @throws FormatError when the two do not hold the same documents with the same tokens
 */
export const evaluateScierc = (
  gold: readonly AnnotatedDocument[],
  predictions: readonly AnnotatedDocument[],
  options: { readonly intervals?: ResampleOptions } = {},
): Evaluation => {
  const documents = pair(gold, predictions);
  const metrics = poolScierc(documents);
  const evaluation = { task: 'scierc', n: documents.length, metrics, convention };
  if (!options.intervals) return evaluation;
  const intervals = Object.keys(metrics)
    .filter((name) => name.endsWith('-f1'))
    .map((name) => {
      const { low, high } = bootstrap(documents, metricOf(name), options.intervals);
      return [name, [low, high]] as const;
    });
  return { ...evaluation, ci95: Object.fromEntries(intervals) };
};

// One metric from counts, without pooling what it does not need: resampling asks thousands of times.
const metricOf = (name: string) => {
  const needed = measureNames.filter((measure) =>
    name.startsWith('coreference') ? ['muc', 'b-cubed', 'ceaf'].includes(measure) : name.replace(/-(precision|recall|f1)$/, '') === measure,
  );
  const part = name.slice(name.lastIndexOf('-') + 1) as keyof Score;
  return (documents: readonly DocumentCounts[]): number => {
    const counts = needed.map((measure) => documents.reduce((sum, document) => addCounts(sum, document[measure]), noCounts));
    return meanScore(counts)[part];
  };
};

/**
 * Whether system `a` beats system `b` on one metric: the difference with its paired-bootstrap interval.
 *
 * @param metric a name that `evaluateScierc` prints, such as `relation-f1`
 */
export const compareScierc = (
  gold: readonly AnnotatedDocument[],
  a: readonly AnnotatedDocument[],
  b: readonly AnnotatedDocument[],
  metric: string,
  options: ResampleOptions = {},
): PairedInterval => {
  if (!(metric in poolScierc([]))) throw new FormatError(`scierc: expected a metric, got ${metric}; known are ${Object.keys(poolScierc([])).join(', ')}`);
  return pairedBootstrap(pair(gold, a), pair(gold, b), metricOf(metric), options);
};
