import type { CompareFlags, ExportFlags } from './adapt-actions.ts';
import type { CombineFlags } from './adapt-combine.ts';
import type { AdaptFlags } from './adapt-flags.ts';
import type { CommandModule } from './command-module.ts';
import { numberWithin, positiveNumber, wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .argument('[data]', 'JSON Lines of chats, instructions, preferences or texts; a text file; a folder of them')
    .option('--documents', 'learn from the documents of the workspace, as plain texts')
    .option('--model <model>', 'a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints (needed)')
    .option(
      '--method <name>',
      'loramoe, lora, dora, mixlora, hydralora, ia3, prompt, instance-prompt, fisher-masked or full; retrieved: nothing is trained, like samples stand in the prompt',
      'loramoe',
    )
    .option('--size <size>', 'small, medium or large: rows, ranks and epochs', 'small')
    .option('--output <folder>', 'of the run; default: by data and method in the workspace')
    .option('--from <run>', 'folder of a run that is over, of the same model and method: starts from what that learnt, one task after another')
    .option('--eval <file>', 'samples to judge by; default: a tenth of the data, at most 200')
    .option('--replay <share>', 'share of general samples among the tokens, against forgetting (default 0.1; 0: none)', numberWithin('--replay', 0, 0.9))
    .option('--replay-data <file>', 'general samples of your own')
    .option('--kind <field>', 'field that says what kind of sample a line is; default: kind, task_type or type')
    .option('--kind-rule <rules...>', 'PATTERN=KIND: samples whose prompt fits are of that kind')
    .option('--admit', 'leave out samples that ask nearly what an earlier one asks, or whose words stand in the held-out part')
    .option('--too-long <what>', 'samples longer than a row: cut, a prompt at its beginning and a text into parts (default), or refuse')
    .option('--epochs <n>', 'passes over the samples', wholeNumber('--epochs', 1))
    .option('--length <n>', 'tokens of a row, into which samples are packed', wholeNumber('--length', 16))
    .option('--rows <n>', 'rows of a step', wholeNumber('--rows', 1))
    .option('--learning-rate <x>', 'at its highest', positiveNumber('--learning-rate'))
    .option('--keep <weights>', 'weights that are kept: best, those of the epoch with the lowest held-out loss (default), or last')
    .option('--experts <n>', 'of a mixture', wholeNumber('--experts', 1))
    .option('--rank <n>', 'of low-rank branches, of each expert', wholeNumber('--rank', 1))
    .option('--balance <x>', 'strength of the balancing constraint of loramoe (default 0.1; 0: none)', numberWithin('--balance', 0, 100))
    .option('--delta <x>', 'how unlike the groups of experts are to be used, in [0, 1] (default 0.1)', numberWithin('--delta', 0, 1))
    .option('--sign <sign>', 'of the constraint: faithful (as printed) or intended')
    .option('--balance-form <form>', 'variance/mean² (as the authors have it, the default) or variance/mean (as printed)')
    .option('--balance-modules <how>', 'the constraints of the linears add up (sum, the default) or are averaged (mean)')
    .option('--balance-variance <divisor>', 'of the constraint over K values: unbiased, K − 1 (the default), or population, K')
    .option(
      '--balance-membership <what>',
      'what a token counts for its sample: mean, 1 / length (the default); sum, 1 (as printed); padded, 1 with the padding of a row of its own (as the authors have it)',
    )
    .option(
      '--ewc <x>',
      'strength by which what mattered to general samples is held where it was (elastic weight consolidation; try 10000 to 100000)',
      numberWithin('--ewc', 0, 1e9),
    )
    .option('--kl <x>', 'strength by which what the model says of general samples is kept (try 1)', numberWithin('--kl', 0, 1e6))
    .option('--beta <x>', 'of preferences: how dear it is to leave the model as it was (default 0.1)', positiveNumber('--beta'))
    .option('--blocks <numbers>', 'change these blocks only, as in 0,4-7; the first is 0')
    .option('--memory <size>', 'what training may take, as in 4gb: activations are computed again where that is needed')
    .option('--options <json>', 'further options of the method, as in {"targets":"all"}')
    .option('--dry-run', 'say what it would take, and stop')
    .addHelpText(
      'after',
      '\nHolds a part of the samples out, says what it takes, trains, and ends with report.html: what was gained, what was forgotten. Ctrl-C stops, the same command goes on.\n\nExamples:\n  lyceum adapt examples/instructions/weather-station.jsonl --model smollm2-135m-instruct --dry-run\n  lyceum adapt examples/instructions/weather-station.jsonl --model smollm2-135m-instruct\n  lyceum adapt examples/instructions/weather-station.jsonl --model smollm2-135m-instruct --method lora\n  lyceum adapt more.jsonl --model smollm2-135m-instruct --from .lyceum/runs/weather-station-loramoe\n  lyceum chat --adapter .lyceum/runs/weather-station-loramoe\n',
    )
    .action(async (data: string | undefined, flags: AdaptFlags) =>
      finish(await (await import('./adapt-actions.ts')).adapt(data, flags, commonOptions(command))),
    );

  const compare = command
    .command('compare')
    .argument('<runs...>', 'folders of runs')
    .description('runs side by side: what each gained and forgot')
    .option('--output <file>', 'the page that is written', 'compare.html')
    .option('--matrix', 'runs are stages of learning, in this order: what each stage did to the tasks of all, and to knowledge of the world')
    .addHelpText(
      'after',
      '\nExamples:\n  lyceum adapt compare .lyceum/runs/weather-station-loramoe .lyceum/runs/weather-station-lora\n  lyceum adapt compare .lyceum/runs/weather-station-* --output all.html --json\n  lyceum adapt compare .lyceum/runs/first .lyceum/runs/second --matrix\n',
    )
    .action(async (runs: string[]) =>
      finish(await (await import('./adapt-actions.ts')).compare(runs, compare.optsWithGlobals<CompareFlags>(), commonOptions(compare))),
    );

  const combine = command
    .command('combine')
    .argument('<runs...>', 'folders of finished runs of lora on one model')
    .description('mix finished adapters token by token, without training, and see what that knows of the task of each')
    .option('--top-k <n>', 'adapters that serve a token (default 3)', wholeNumber('--top-k', 1))
    .option('--temperature <x>', 'of the choice between them: the higher, the evener (default 1)', positiveNumber('--temperature'))
    .addHelpText(
      'after',
      '\nTakes --method arrow, the only one that mixes finished runs, and --output, the folder of the run.\n\nExamples:\n  lyceum adapt combine .lyceum/runs/messages-lora .lyceum/runs/handbook-lora\n  lyceum adapt combine .lyceum/runs/*-lora --top-k 2 --output mixed\n  lyceum chat --adapter .lyceum/runs/messages-lora+handbook-lora-arrow\n',
    )
    .action(async (runs: string[]) => {
      const { output, method } = command.opts<AdaptFlags>();
      const flags = {
        ...combine.opts<CombineFlags>(),
        ...(output !== undefined && { output }),
        ...(command.getOptionValueSource('method') === 'cli' && { method }),
      };
      finish(await (await import('./adapt-combine.ts')).combine(runs, flags, commonOptions(combine)));
    });

  const exporting = command
    .command('export')
    .argument('<folder>', 'of a run, or of an adapter')
    .description('write an adapter for others to use')
    .requiredOption('--format <format>', 'peft, gguf, merged-safetensors or onnx')
    .option('--output <path>', 'a file for gguf, else a folder (needed)')
    .option('--model <model>', 'whose adapter it is; default: what it says itself')
    .option('--type <type>', 'of gguf and merged-safetensors: f32, f16, bf16 …')
    .option('--force', 'replace what is there')
    .addHelpText(
      'after',
      '\nExamples:\n  lyceum adapt export .lyceum/runs/weather-station-loramoe --format onnx --output adapted-onnx\n  lyceum adapt export .lyceum/runs/weather-station-lora --format gguf --output adapted.gguf\n',
    )
    .action(async (folder: string) =>
      finish(await (await import('./adapt-actions.ts')).exportRun(folder, exporting.optsWithGlobals<ExportFlags>(), commonOptions(exporting))),
    );
};
