import type { CommandModule } from './command-module.ts';
import type { ScoreFlags } from './complete-actions.ts';
import { adapterOption, modelOrUsualOption } from './model-options.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .option(...modelOrUsualOption)
    .option(...adapterOption)
    .requiredOption('--input <file>', 'JSON Lines: {"id", "prompt", "completion"}')
    .option('--output <file>', 'where the results go; default: standard output')
    .option('--no-special-tokens', 'do not add what the model’s tokenizer adds to a text')
    .addHelpText(
      'after',
      '\nPrints one JSON line a record, in order: {"id", "logprob", "tokenLogprobs", "tokenIds"}, natural logarithms. Prompt and completion are cut into tokens together; a token belongs to the completion if it ends after the prompt’s last character.\n\nExamples:\n  lyceum score --model smollm2-135m-instruct --input pairs.jsonl\n  lyceum score --model ./model.gguf --input pairs.jsonl --output scores.jsonl\n',
    )
    .action(async (flags: ScoreFlags) => finish(await (await import('./complete-actions.ts')).score(flags, commonOptions(command))));
};
