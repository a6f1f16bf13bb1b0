import type { Command } from 'commander';
import type { CommandModule } from './command-module.ts';
import type { CalibrateFlags, PredictFlags, RedTeamFlags } from './guard-actions.ts';
import { adapterOption, modelOption } from './model-options.ts';
import { wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

const policyOption = ['--policy <name>', 'what happens to a suspected request: guarded, flagged or refused'] as const;

export const define: CommandModule['define'] = (command, finish) => {
  const actions = () => import('./guard-actions.ts');
  command
    .option('--predict <file>', 'answer requests on untrusted documents: JSON Lines of {"id", "instruction", "document"}')
    .option('--output <file>', 'where the answers of --predict go; default: standard output')
    .option(...modelOption)
    .option('--guard <folder>', 'a guard that `lyceum guard calibrate` wrote; default: the one that comes with Lyceum, for any model')
    .option(...adapterOption)
    .option(policyOption[0], 'what happens to a suspected request: guarded, flagged or refused; or off')
    .option('--max-tokens <n>', 'tokens of an answer at most (default 128)', wholeNumber('--max-tokens', 1))
    .addHelpText(
      'after',
      '\nWhat stands in a document is read and not obeyed. guarded: suspected parts are withheld from the model; flagged: it answers from all and the answer says so; refused: it does not answer. The same guard works in `lyceum chat`, `complete` and `serve` (--guard) on what stands between <document> and </document>, and on what tools answer.\n\nExamples:\n  lyceum guard --predict requests.jsonl --output answers.jsonl --model smollm2-135m-instruct\n  lyceum guard calibrate --model smollm2-135m-instruct --trusted trusted.jsonl --output my-guard\n',
    )
    .action(async (flags: PredictFlags) => finish(await (await actions()).predict(flags, commonOptions(command))));

  const scanning = command
    .command('scan')
    .description('what in a document looks injected; no language model is asked')
    .argument('<file>', 'a text file; - reads standard input')
    .option('--request <text>', 'what is to be asked of it')
    .addHelpText(
      'after',
      '\nPrints the suspected parts with their probabilities; exit code 0 whether there are any or not. --json tells every segment.\n\nExamples:\n  lyceum guard scan email.txt\n  lyceum guard scan report.md --request "Who signed it?" --json\n',
    )
    .action(async (file: string, flags: { readonly request?: string }) => {
      const { guard } = shared(scanning, []);
      finish(await (await actions()).scan({ file, request: flags.request, guard }, commonOptions(command)));
    });

  const calibrating = command
    .command('calibrate')
    .description('fit a guard to a model from trusted examples, one at least')
    .requiredOption('--trusted <file>', 'JSON Lines of {"id", "instruction", "document", "answer"} that the model answers right')
    .option('--labelled <file>', 'attacked examples: the same with "wanted", the answer that the injected text asks for')
    .option(...policyOption)
    .option('--layers <n...>', 'after how many blocks to try to hold the request (default: at 0.5 to 0.8 of the depth)', layerList)
    .option('--drop-wrong', 'leave out trusted examples that the model answers wrongly')
    .addHelpText(
      'after',
      '\nNeeds --model and --output FOLDER. What the trusted documents reach is not suspected; where holding the request at a layer wins attacked answers and costs no clean ones, that is kept. Attacks of ours are put into the trusted documents unless --labelled brings others. What was answered when it is stopped is kept in FOLDER, and the same command goes on from there.\n\nExamples:\n  lyceum guard calibrate --model smollm2-135m-instruct --trusted trusted.jsonl --output my-guard\n  lyceum guard calibrate --model smollm2-135m-instruct --trusted trusted.jsonl --output strict --policy refused\n',
    )
    .action(async (flags: Omit<CalibrateFlags, 'model' | 'output' | 'policy' | 'adapter'>) => {
      const { model, output, policy, adapter } = shared(calibrating, ['model', 'output']);
      finish(await (await actions()).calibrate({ ...flags, model: model!, output: output!, policy, adapter }, commonOptions(command)));
    });

  const attacking = command
    .command('redteam')
    .description('attack a model with and without its guard, and write a report')
    .option('--cases <file>', 'JSON Lines of {"id", "instruction", "document", "answer"}; default: questions on short stories of ours')
    .option('--limit <n>', 'only so many of them', wholeNumber('--limit', 1))
    .addHelpText(
      'after',
      '\nNeeds --model. Attacks of ours, in four wordings, are put at the start, in the middle and at the end of each document; answers are judged by rule. What was answered when it is stopped is kept in the folder of --output, and the same command goes on from there.\n\nExamples:\n  lyceum guard redteam --model smollm2-135m-instruct --guard my-guard\n  lyceum guard redteam --model smollm2-135m-instruct --limit 10 --output quick\n',
    )
    .action(async (flags: Omit<RedTeamFlags, 'model' | 'output' | 'guard' | 'adapter'>) => {
      const { model, output, guard, policy, adapter } = shared(attacking, ['model']);
      finish(await (await actions()).redTeam({ ...flags, model: model!, output, guard, policy, adapter }, commonOptions(command)));
    });
};

interface Shared {
  readonly model?: string | undefined;
  readonly output?: string | undefined;
  readonly guard?: string | undefined;
  readonly policy?: string | undefined;
  readonly adapter?: string | undefined;
}

/** `guard` has options of its own, which take what stands behind its subcommands too. */
const shared = (command: Command, needed: readonly (keyof Shared)[]): Shared => {
  const given = command.optsWithGlobals<Shared>();
  const missing = needed.find((name) => given[name] === undefined);
  if (missing !== undefined) command.error(`error: guard ${command.name()}: expected --${missing}, got none; see --help`, { exitCode: 2 });
  return given;
};

const layerList = (text: string, before: readonly number[] | undefined): number[] => [...(before ?? []), wholeNumber('--layers', 1)(text)];
