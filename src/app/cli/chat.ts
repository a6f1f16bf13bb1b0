import type { CommandModule } from './command-module.ts';
import type { ChatFlags } from './complete-actions.ts';
import { adapterOption, modelOrUsualOption } from './model-options.ts';
import { numberWithin, wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .option(...modelOrUsualOption)
    .option(...adapterOption)
    .option('--guard <folder>', 'a guard of `lyceum guard calibrate`, for what stands between <document> and </document>')
    .option('--system <text>', 'what the model is told before the conversation')
    .option('--max-tokens <n>', 'tokens of an answer at most (default 1024)', wholeNumber('--max-tokens', 1))
    .option('--temperature <t>', 'how freely tokens are drawn; 0 takes the most probable (default)', numberWithin('--temperature', 0, 10))
    .option('--no-speculation', 'do not guess tokens from what the text repeats')
    .addHelpText(
      'after',
      '\nA turn a line. Ctrl-C stops an answer and not the program; /new begins again; /exit or Ctrl-D ends.\n\nExamples:\n  lyceum chat\n  lyceum chat --model smollm2-135m-instruct --system "Answer in one sentence."\n  lyceum chat --adapter .lyceum/runs/weather-station-lora\n',
    )
    .action(async (flags: ChatFlags) => finish(await (await import('./complete-actions.ts')).chat(flags, commonOptions(command))));
};
