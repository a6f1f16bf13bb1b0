// What `lyceum inspect retrieval` does once its arguments are understood.
import { ConfigError } from '../../core/index.ts';
import { keepRetrieval, openInspected, type RetrievalOf, type RetrievalStudies, retrievalFolder, retrievalStudies } from '../inspect/index.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

export interface RetrievalFlags {
  readonly model: string;
  readonly source: string;
  readonly target: string;
  readonly prompts: number;
  readonly resamples: number;
  readonly layer?: number;
  readonly seeds?: readonly number[];
  readonly stories?: readonly string[];
  readonly output?: string;
  readonly adapter?: string;
}

export async function retrieval(
  { model, source, target, prompts, resamples, layer, seeds, stories, output, adapter }: RetrievalFlags,
  { dir, json, quiet, seed, threads, weights }: CommonOptions,
): Promise<number> {
  if (stories && stories.length !== 2)
    throw new ConfigError(`inspect retrieval: expected --stories STORIES.json QUESTIONS.json, got ${stories.length} files; name both`);
  using stop = cancellation('the same command goes on after the last finished story');
  const bar = progressLine({ quiet: quiet || json, unit: 'prompts' });
  try {
    await using opened = await openInspected(model, { adapter, weights, threads });
    const folder = output ?? retrievalFolder(dir, opened.name);
    const found = await retrievalStudies(opened, {
      source,
      target,
      prompts,
      resamples,
      layer,
      seeds: seeds ?? [seed],
      folder,
      stories: stories && { stories: stories[0]!, questions: stories[1]! },
      signal: stop.signal,
      onProgress: (done, total) => bar.update(done, total, 'retrieval'),
    });
    bar.stop();
    const report = await keepRetrieval(found, folder);
    const { retrievalVerdict } = await import('../../report/index.ts');
    const first = found.studies[0]!;
    const told = [summary(first), '', retrievalVerdict(first), ...valueLines(first), ...(found.seeds.length > 1 ? ['', ...seedLines(found)] : []), report];
    process.stdout.write(`${json ? JSON.stringify({ ...found, report }) : told.join('\n')}\n`);
    return 0;
  } finally {
    bar.stop();
  }
}

const shown = 12;

/** The runs, then the components with the largest effects in the chimera. */
const summary = ({ outcomes, components, layer }: RetrievalOf): string => {
  const two = (value: number): string => value.toFixed(2).replace('-', '−').padStart(9);
  const three = (value: number): string => value.toFixed(3).replace('-', '−').padStart(9);
  const runs = Object.entries({
    target: outcomes.target,
    [`patched at ${layer}`]: outcomes.patched,
    'attention to the story': outcomes.patterns,
    'attention to two values': outcomes.valuePatterns,
    chimera: outcomes.chimera,
  }).map(([name, { requested, own, difference }]) => `${name.padEnd(24)}${two(requested.value)}${two(own.value)}${two(difference.value)}`);
  const first = [...components].sort((a, b) => Math.abs(b.effects.chimera) - Math.abs(a.effects.chimera)).slice(0, shown);
  const rows = first.map(({ name, effects, attention }) => `${name.padEnd(24)}${three(effects.chimera)}${three(effects.patched)}${three(effects.before)}${attention ? `${two(attention.chimera)}${two(attention.after)}${two(attention.before)}` : ''}`); // biome-ignore format: one row
  return [
    `${''.padEnd(24)}requested      own     logit`,
    ...runs,
    '',
    `${'direct effect, attention'.padEnd(24)}  chimera  patched   target  chimera  patched   target`,
    ...rows,
  ].join('\n');
};

/** Heads of single values. */
const valueLines = ({ values: { heads } }: RetrievalOf): string[] =>
  heads.map(
    ({ name, value, effect, p }) =>
      `${name} ${effect.with > effect.without ? 'speaks more for' : 'speaks less for'} ${value} than for others: ${[effect.with, effect.without].map((share) => share.toFixed(3).replace('-', '−')).join(' against ')} of the total effect (p ${p.toFixed(3)})`,
  );

/** What differs from seed to seed. */
const seedLines = ({ seeds, over, studies }: RetrievalStudies): string[] => {
  const two = (value: number): string => value.toFixed(2).replace('-', '−');
  const shown = ({ mean, least, most }: (typeof over)['layer']): string => `${two(mean)} (${two(least)} to ${two(most)})`;
  return [
    `Over seeds ${seeds.join(', ')} (least and greatest in brackets; above: seed ${seeds[0]}): patched after block ${studies.map(({ layer }) => layer).join(', ')}`,
    `  requested answer, patched ${shown(over.requested.patched)}, asked outright ${shown(over.requested.chimera)}`,
    `  way to the chimera, patched ${shown(over.way.patched)}, attention to the story alone ${shown(over.way.patterns)}`,
    `  shared components ${shown(over.overlap.patched)}, measured twice ${shown(over.overlap.resampled)}, of two stories ${shown(over.overlap.others)}`,
    `  movers: ${over.movers.map(({ name, seeds: count }) => `${name} in ${count}`).join(', ') || 'none'}`,
    ...(over.valueHeads.length > 0
      ? [`  heads of single values: ${over.valueHeads.map(({ name, value, seeds: count }) => `${name} ${value} in ${count}`).join(', ')}`]
      : []),
  ];
};
