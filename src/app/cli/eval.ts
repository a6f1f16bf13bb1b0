import { Argument } from 'commander';
import type { CommandModule } from './command-module.ts';
import { commonOptions } from './options.ts';

const tasks = ['scierc'] as const;

export const define: CommandModule['define'] = (command, finish) => {
  command
    .addArgument(new Argument('<task>', 'what to measure').choices([...tasks]))
    .requiredOption('--data <file>', 'gold documents (DyGIE JSON Lines)')
    .option('--predictions <file>', 'predictions to score, as `lyceum read --predict` writes them')
    .option('--reader <name>', 'a reader that predicts first: a name or a folder')
    .option('--intervals', 'add 95 % bootstrap intervals over documents')
    .addHelpText(
      'after',
      '\nExamples:\n  lyceum eval scierc --data dev.json --predictions predicted.jsonl\n  lyceum eval scierc --data dev.json --reader scierc --intervals --json\n',
    )
    .action(async (task: (typeof tasks)[number], options: { data: string; predictions?: string; reader?: string; intervals?: boolean }) => {
      const { evaluate } = await import('../eval.ts');
      const { json, seed, threads, device, weights } = commonOptions(command);
      const {
        task: name,
        n,
        metrics,
        convention,
        ci95,
      } = await evaluate(task, {
        data: options.data,
        ...(options.predictions === undefined ? {} : { predictions: options.predictions }),
        ...(options.reader === undefined ? {} : { reader: options.reader }),
        ...(options.intervals ? { intervals: { seed } } : {}),
        threads,
        device,
        weights,
      });
      if (json) process.stdout.write(`${JSON.stringify({ task: name, n, metrics, convention, ...(ci95 ? { ci95 } : {}) })}\n`);
      else {
        const percent = (value: number) => (100 * value).toFixed(2).padStart(6);
        const measures = [...new Set(Object.keys(metrics).map((key) => key.replace(/-(precision|recall|f1)$/, '')))];
        process.stdout.write(`${name}, ${n} documents${' '.repeat(10)}precision  recall      F1\n`);
        for (const measure of measures) {
          const interval = ci95?.[`${measure}-f1`];
          const [p, r, f] = ['precision', 'recall', 'f1'].map((part) => percent(metrics[`${measure}-${part}`] ?? Number.NaN));
          process.stdout.write(`${measure.padEnd(30)}   ${p}  ${r}  ${f}${interval ? `   [${percent(interval[0])}, ${percent(interval[1])}]` : ''}\n`);
        }
        process.stdout.write(`${convention}\n`);
      }
      finish(0);
    });
};
