import type { Recipe } from '../../adapt/index.ts';
import type { AdaptData } from './adapt-data.ts';

/** What was understood, before anything is paid for it. */
export const describeData = (
  { read, classified, training, heldOut, contaminated, contaminatedFacts, kinds: numbers, cut, refused, replay }: AdaptData,
  { method, against: { ewc, kl, localised } }: Recipe,
  note: ((message: string) => void) | undefined,
): void => {
  const shapes = Object.entries(read.shapes).map(([shape, count]) => `${count} ${shape}`);
  const kinds = Object.entries(read.kinds).map(([kind, count]) => `${kind} ${count}`);
  note?.(
    `${training.length} ${training.length === 1 ? 'sample' : 'samples'} to learn (${shapes.join(', ')}${kinds.length > 0 ? `; kinds: ${kinds.join(', ')}` : ''}), ${heldOut.length} held out`,
  );
  if (shapes.length > 1) note?.('the file mixes shapes; each sample is learnt by its own');
  const { groups } = (method.options['of'] ?? method.options) as { groups?: readonly number[] };
  const astray = groups && Object.keys(read.kinds).length > 0 ? [...numbers].filter(([number]) => number >= groups.length) : [];
  if (astray.length > 0)
    note?.(
      `kinds ${astray.map(([, name]) => name).join(', ')} have no group of experts of their own (${groups!.length} groups): their samples favour none; name more groups, as in --options '{"groups":[2,2,2]}'`,
    );
  for (const { file, line, reason } of read.skipped) note?.(`skipped ${file === undefined ? '' : `${file} `}line ${line}: ${reason}`);
  for (const [reason, own] of Map.groupBy(refused, (one) => one.reason)) {
    const named = own.slice(0, 8).map(({ id }) => id);
    note?.(`left out ${named.join(', ')}${own.length > named.length ? ` and ${own.length - named.length} more` : ''}: ${reason}`);
  }
  if (classified)
    note?.(
      `${classified.given} samples without a kind were given that of the samples they are most like, which is right for ${(100 * classified.right).toFixed(0)} % of those that have one`,
    );
  const twice = read.duplicates[0];
  if (twice) note?.(`samples that stand twice: ${read.duplicates.length}, as ${twice.of} in ${twice.id}; they are kept, and on one side of the split`);
  if (read.renamed.length > 0) note?.(`ids that stand twice: ${read.renamed.length}; the later samples are called ${read.renamed[0]!.now} and so on`);
  if (cut.length > 0) note?.(`samples that were cut to fit (texts into parts): ${cut.length}, as ${cut[0]}`);
  const seen = contaminated[0];
  if (seen)
    note?.(
      `held-out samples that also stand in the training data: ${new Set(contaminated.map(({ evaluationId }) => evaluationId)).size}, as ${seen.evaluationId} in ${seen.trainingId}; their score says little`,
    );
  const told = contaminatedFacts[0];
  if (told)
    note?.(
      `facts that the report asks for and that stand in what is learnt: ${new Set(contaminatedFacts.map(({ factId }) => factId)).size}, as "${told.words}" in ${told.trainingId}; what the model knows of the world afterwards is in part what it was just told`,
    );
  note?.(
    replay.source === null
      ? 'no general samples are replayed'
      : `${(100 * replay.share).toFixed(0)} % of the tokens are general ones, replayed against forgetting (${replay.source}); --replay 0 leaves them out`,
  );
  if (ewc) note?.(`what mattered to ${ewc.samples} general samples is held where it was (strength ${ewc.strength})`);
  if (kl)
    note?.(
      `general samples that make ${(100 * kl.share).toFixed(0)} % of the tokens besides are not learnt: what the model says of them is kept (strength ${kl.strength})`,
    );
  if (localised) note?.(`only blocks ${localised.blocks.join(', ')} are changed`);
};
