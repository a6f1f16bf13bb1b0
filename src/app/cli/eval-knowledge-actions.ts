// What `lyceum eval closed-book`, `facts` and `tasks` do once their arguments are understood.
import { ConfigError } from '../../core/index.ts';
import type { Evaluation } from '../../evaluate/index.ts';
import { type KnowledgeOptions, type KnowledgeTask, readKnowledgeTest } from '../eval-knowledge.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts'; // not from the index: this process computes nothing and need not load what does
import { writeOutput } from '../write-output.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

export interface KnowledgeFlags extends Omit<KnowledgeOptions, 'seed'> {
  readonly model?: string;
  readonly adapter?: string;
  readonly output?: string;
}

const units: Readonly<Record<KnowledgeTask, string>> = { 'closed-book': 'questions', facts: 'facts', tasks: 'samples' };

/** Measures a model and prints what it knows. @returns the exit code */
export async function evalKnowledge(task: KnowledgeTask, flags: KnowledgeFlags, common: CommonOptions): Promise<number> {
  const { model: name, adapter, output, ...options } = flags;
  if (name === undefined) throw new ConfigError(`${task}: expected a model to ask, got none; give --model, a name that \`lyceum models list\` prints`);
  const { json, quiet, seed, threads, device, weights } = common;
  const test = await readKnowledgeTest(task, { ...options, seed }); // wrong data is told before a model is loaded
  using stop = cancellation('run the same command again');
  const bar = progressLine({ quiet: quiet || json, unit: units[task] });
  const begun = performance.now();
  try {
    await using model = await openLanguageModelApart(name, { threads, device, weights, ...(adapter !== undefined && { adapter }) }, { signal: stop.signal });
    const { evaluation, items, skipped } = await test.measure(model, {
      signal: stop.signal,
      onProgress: (done, total) => bar.update(done, total, model.info.name),
    });
    bar.stop();
    if (output !== undefined)
      await writeOutput(
        output,
        items.map((item) => `${JSON.stringify(item)}\n`),
      );
    const seconds = Number(((performance.now() - begun) / 1000).toFixed(2));
    if (json) process.stdout.write(`${JSON.stringify({ ...evaluation, model: model.info.name, weights: model.info.weights, seconds, skipped })}\n`);
    else print(evaluation, `${model.info.name}: ${evaluation.n} ${units[task]} in ${seconds.toFixed(1)} s`);
    for (const { where, reason } of skipped) process.stderr.write(`skipped ${where}: ${reason}\n`);
    return skipped.length > 0 ? 3 : 0;
  } finally {
    bar.stop();
  }
}

const print = ({ metrics, ci95, groups = {}, convention }: Evaluation, title: string): void => {
  const number = (value: number): string => value.toFixed(3).padStart(8);
  const lines = Object.entries(metrics).map(([name, value]) => {
    const [low, high] = ci95![name]!;
    return `${name.padEnd(24)}${number(value)}   [${number(low)}, ${number(high)}]\n`;
  });
  const main = Object.keys(metrics)[0]!;
  const parts = Object.entries(groups)
    .filter(([, figures]) => main in figures)
    .map(([name, figures]) => `  ${name.padEnd(30)}${number(figures[main]!)}   of ${figures.n}\n`);
  process.stdout.write(`${title}\n${lines.join('')}${parts.length > 0 ? `${main} by part\n${parts.join('')}` : ''}${convention}\n`);
};
