import { Command, CommanderError, Option } from 'commander';
import { fileError } from '../file-error.ts';
import { version } from '../version.ts';
import { exitCodeOf, messageOf } from './exit.ts';
import { wholeNumber } from './number.ts';
import { printVerbs, verbs } from './verbs.ts';

/**
 * Runs one command line.
 *
 * @param args  what follows `lyceum`
 * @returns     the exit code: 0 done, 1 failed, 2 bad input or usage, 3 done but some inputs were skipped, 130 cancelled
 */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that goes away (`lyceum … | head`) is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${messageOf(fileError(error, 'standard output'))}\n`);
    process.exit(1);
  });
  // Notes that nobody can take are no reason to stop.
  process.stderr.on('error', () => {});
  if (args.length === 0 || args[0] === '--help' || args[0] === '-h' || args[0] === 'help') {
    const verb = verbs.find(({ name }) => name === args[1]);
    if (args[0] !== 'help' || !verb) {
      process.stdout.write(printVerbs());
      return 0;
    }
    return main([verb.name, '--help']);
  }
  if (args[0] === '--version' || args[0] === '-V') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const verb = verbs.find(({ name }) => name === args[0]);
  if (!verb) {
    process.stderr.write(`lyceum: expected a verb, got ${JSON.stringify(args[0])}; \`lyceum\` alone lists them\n`);
    return 2;
  }
  let code = 0;
  const command = withCommonOptions(new Command(`lyceum ${verb.name}`)).description(verb.summary);
  command.exitOverride().configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `lyceum ${verb.name}: `)) });
  try {
    (await verb.load()).define(command, (result) => {
      code = result;
    });
    await command.parseAsync(args.slice(1) as string[], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const code = exitCodeOf(error);
    const told = code === 130 ? (await import('./cancellation.ts')).whatWasCancelled() : undefined;
    process.stderr.write(`${messageOf(told ?? error)}\n`);
    return code;
  }
}

/** The options every verb understands; subcommands read them with `optsWithGlobals()`. */
function withCommonOptions(command: Command): Command {
  return command
    .option('--dir <folder>', 'workspace', '.lyceum')
    .option('--json', 'print one JSON document on stdout')
    .option('--quiet', 'no progress and no notes on stderr')
    .option('--threads <n>', 'processor threads to use', wholeNumber('--threads', 1))
    .option('--seed <n>', 'seed of everything random', wholeNumber('--seed', 0))
    .addOption(new Option('--device <name>', 'where models run').choices(['cpu', 'webgpu']).default('cpu'))
    .addOption(new Option('--weights <format>', 'how weights are held').choices(['auto', 'f32', 'int8', 'int4']).default('auto'))
    .helpOption('-h, --help', 'this text')
    .showHelpAfterError('(--help shows what is understood)')
    .allowExcessArguments(false);
}
