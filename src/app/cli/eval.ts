import { Argument, Option } from 'commander';
import type { CommandModule } from './command-module.ts';
import type { KnowledgeFlags } from './eval-knowledge-actions.ts';
import { wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

const tasks = ['scierc', 'closed-book', 'facts', 'tasks'] as const;

type Flags = KnowledgeFlags & { readonly predictions?: string; readonly reader?: string; readonly intervals?: boolean };

export const define: CommandModule['define'] = (command, finish) => {
  command
    .addArgument(new Argument('<task>', 'what to measure').choices([...tasks]))
    .requiredOption('--data <file>', 'scierc: gold documents (DyGIE JSON Lines); others: JSON Lines, perhaps .gz; facts: also `builtin`')
    .option('--predictions <file>', 'scierc: predictions to score, as `lyceum read --predict` writes them')
    .option('--reader <name>', 'scierc: a reader that predicts first, a name or a folder')
    .option('--intervals', 'scierc: add 95 % bootstrap intervals over documents; other tasks always have them')
    .option('--model <model>', 'a language model to ask: a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints')
    .option('--adapter <folder>', 'an adapter put on the model')
    .option('--templates <file>', 'facts: templates of triples without prompts, as LRE and ParaRel have them')
    .option('--candidates <n>', 'facts: objects to rank at most; default 100', wholeNumber('--candidates', 2))
    .addOption(new Option('--style <style>', 'how a question is put: after four answered ones, or as a message').choices(['shots', 'chat']))
    .addOption(new Option('--labels <task>', 'tasks: what the labels of texts mean').choices(['sst2', 'sst5', 'trec']))
    .option('--limit <n>', 'items at most, drawn by the seed; facts: of each relation', wholeNumber('--limit', 1))
    .option('--output <file>', 'where every item goes with what was made of it (JSON Lines)')
    .addHelpText(
      'after',
      `
What is measured:
  scierc       entities, relations and coreference of predictions or a reader
  closed-book  {"question", "answer" | "answers"}: exact match, and how probable the gold answer is
  facts        {"relation", "subject", "prompt", "object"}, triples with --templates, or CounterFact: rank of the right object among those of its type
  tasks        {"prompt", "answer"}, {"prompt", "options", "answer"}, {"instruction", "output"} or {"text", "label"} with --labels: exact match, or the most probable option

Examples:
  lyceum eval scierc --data dev.json --reader scierc --intervals --json
  lyceum eval facts --data builtin --model smollm2-135m-instruct
`,
    )
    .action(async (task: (typeof tasks)[number], flags: Flags) => {
      const common = commonOptions(command);
      if (task === 'scierc') return finish(await scierc(flags, common));
      const { predictions: _, reader: __, intervals: ___, ...options } = flags;
      finish(await (await import('./eval-knowledge-actions.ts')).evalKnowledge(task, options, common));
    });
};

const scierc = async (
  { data, predictions, reader, intervals }: Flags,
  { json, seed, threads, device, weights }: ReturnType<typeof commonOptions>,
): Promise<number> => {
  const { evaluate } = await import('../eval.ts');
  const { task, n, metrics, convention, ci95 } = await evaluate('scierc', {
    data,
    ...(predictions === undefined ? {} : { predictions }),
    ...(reader === undefined ? {} : { reader }),
    ...(intervals ? { intervals: { seed } } : {}),
    threads,
    device,
    weights,
  });
  if (json) process.stdout.write(`${JSON.stringify({ task, n, metrics, convention, ...(ci95 ? { ci95 } : {}) })}\n`);
  else {
    const percent = (value: number) => (100 * value).toFixed(2).padStart(6);
    const measures = [...new Set(Object.keys(metrics).map((key) => key.replace(/-(precision|recall|f1)$/, '')))];
    process.stdout.write(`${task}, ${n} documents${' '.repeat(10)}precision  recall      F1\n`);
    for (const measure of measures) {
      const interval = ci95?.[`${measure}-f1`];
      const [p, r, f] = ['precision', 'recall', 'f1'].map((part) => percent(metrics[`${measure}-${part}`] ?? Number.NaN));
      process.stdout.write(`${measure.padEnd(30)}   ${p}  ${r}  ${f}${interval ? `   [${percent(interval[0])}, ${percent(interval[1])}]` : ''}\n`);
    }
    process.stdout.write(`${convention}\n`);
  }
  return 0;
};
