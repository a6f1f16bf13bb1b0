// What `lyceum inspect retrieval` does once its arguments are understood.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { openInspected, type RetrievalOf, retrievalOf } from '../inspect/index.ts';
import { writeOutput } from '../write-output.ts';
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
  readonly stories?: readonly string[];
  readonly output?: string;
  readonly adapter?: string;
}

export async function retrieval(
  { model, source, target, prompts, resamples, layer, stories, output, adapter }: RetrievalFlags,
  { dir, json, quiet, seed, threads, weights }: CommonOptions,
): Promise<number> {
  if (stories && stories.length !== 2)
    throw new ConfigError(`inspect retrieval: expected --stories STORIES.json QUESTIONS.json, got ${stories.length} files; name both`);
  using stop = cancellation('nothing was kept');
  const bar = progressLine({ quiet: quiet || json, unit: 'prompts' });
  try {
    await using opened = await openInspected(model, { adapter, weights, threads });
    const found = await retrievalOf(opened, {
      source,
      target,
      prompts,
      resamples,
      layer,
      seed,
      stories: stories && { stories: stories[0]!, questions: stories[1]! },
      signal: stop.signal,
      onProgress: (done, total) => bar.update(done, total, 'retrieval'),
    });
    bar.stop();
    const folder = output ?? join(dir, 'inspect', `${opened.name}-retrieval`);
    await mkdir(folder, { recursive: true });
    const { retrievalReport, retrievalVerdict } = await import('../../report/index.ts');
    await writeOutput(join(folder, 'result.json'), [JSON.stringify(found)]);
    const report = join(folder, 'report.html');
    await writeOutput(report, [await retrievalReport(found)]);
    process.stdout.write(`${json ? JSON.stringify({ ...found, report }) : `${summary(found)}\n\n${retrievalVerdict(found)}\n${report}`}\n`);
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
