import type { CommandModule } from './command-module.ts';
import type { CompleteFlags } from './complete-actions.ts';
import { adapterOption, modelOrUsualOption } from './model-options.ts';
import { numberWithin, wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .argument('[prompt]', 'a text to continue')
    .option(...modelOrUsualOption)
    .option(...adapterOption)
    .option('--guard <folder>', 'a guard of `lyceum guard calibrate`, for what stands between <document> and </document>')
    .option('--input <file>', 'JSON Lines instead: {"id", "prompt"} or {"id", "messages"}, if wanted maxTokens, temperature, topK, topP, minP, seed, stop')
    .option('--output <file>', 'where the results of --input go; default: standard output')
    .option('--max-tokens <n>', 'tokens to generate at most (default 256)', wholeNumber('--max-tokens', 1))
    .option('--temperature <t>', 'how freely tokens are drawn; 0 takes the most probable (default)', numberWithin('--temperature', 0, 10))
    .option('--no-special-tokens', 'do not add what the model’s tokenizer adds to a text')
    .option('--no-speculation', 'do not guess tokens from what the text repeats')
    .addHelpText(
      'after',
      '\nWith --input prints one JSON line a record, in order: {"id", "text", "tokenIds", "finishReason", "usage"}.\n\nExamples:\n  lyceum complete --model smollm2-135m-instruct "The capital of France is" --max-tokens 16\n  lyceum complete --model smollm2-135m-instruct --input prompts.jsonl --output answers.jsonl\n',
    )
    .action(async (prompt: string | undefined, flags: CompleteFlags) =>
      finish(await (await import('./complete-actions.ts')).complete(prompt, flags, commonOptions(command))),
    );
};
