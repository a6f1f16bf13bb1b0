import { type Command, Option } from 'commander';
import type { CommandModule } from './command-module.ts';
import { wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

type Action = (...args: never[]) => Promise<number>;

export const define: CommandModule['define'] = (command, finish) => {
  // Each subcommand's code is loaded when it runs: --help stays quick.
  const run =
    (name: 'show' | 'export' | 'remove' | 'merge' | 'split' | 'reject' | 'merges' | 'undo' | 'settings' | 'search' | 'trends' | 'backup' | 'check') =>
    async (...args: unknown[]) => {
      const actions = (await (name === 'trends' ? import('../graph-trends.ts') : import('../graph.ts'))) as Readonly<Record<string, unknown>>;
      const action = actions[name === 'export' ? 'exportGraph' : name === 'check' ? 'checkStore' : name] as Action;
      const options = args.at(-2) as object; // commander passes (…arguments, options, command)
      const rest = args.slice(0, -2);
      finish(await action(...([...rest, { ...commonOptions(command), ...options }] as never[])));
    };
  const sub = (spelling: string, summary: string): Command => command.command(spelling).description(summary).allowExcessArguments(false);

  sub('show <name>', 'an entity with its facts, or a document, with sources')
    .option('--limit <n>', 'facts to show', wholeNumber('--limit', 0), 20)
    .option('--sources <n>', 'sentences to show with each fact', wholeNumber('--sources', 0), 3)
    .action(run('show'));
  sub('search <words>', 'entities and sentences that hold the words')
    .option('--limit <n>', 'hits to show', wholeNumber('--limit', 0), 20)
    .action(run('search'));
  sub('export', 'write the whole graph')
    .option('--format <name>', 'jsonl, graphml or turtle', 'jsonl')
    .option('--decisions', 'write the log of your decisions instead of the graph')
    .option('--output <file>', 'a file, written whole or not at all; default standard output')
    .action(run('export'));
  sub('remove <documents...>', 'take documents, and everything only they say, out of the graph').action(run('remove'));
  sub('merges', 'merges made, proposed or rejected, with their reasons')
    .option('--status <name>', 'merged, proposed or rejected', 'proposed')
    .option('--limit <n>', 'how many', wholeNumber('--limit', 0), 50)
    .action(run('merges'));
  sub('merge <names...>', 'make two or more names one entity, called by the first').action(run('merge'));
  sub('split <names...>', 'take names out of the entity they are in').action(run('split'));
  sub('reject <name> <other>', 'these two names are not one entity').action(run('reject'));
  sub('undo', 'take back the last decision').action(run('undo'));
  sub('settings', 'how rare names that contain a frequent one are merged; with an option, changes it')
    .addOption(new Option('--contains <rule>', 'careful, paper (as the SciIE paper does) or off').choices(['careful', 'paper', 'off']))
    .option('--threshold <k>', 'a name is frequent when more documents than this hold it', wholeNumber('--threshold', 1))
    .action(run('settings'));
  sub('trends', 'what a method is used for (or any relation) over the years')
    .option('--method <name>', 'the entity to follow, as the subject of the relation')
    .option('--task <name>', 'the entity to follow, as the object of the relation')
    .option('--kinds <subject,object>', 'instead of an entity: relations between two kinds, such as Method,Task')
    .option('--relation <label>', 'the relation; default USED-FOR, between kinds every one')
    .option('--kind <name>', 'only entities of this kind at the other end')
    .option('--venue <name>', 'only documents of this venue')
    .option('--limit <n>', 'series to show', wholeNumber('--limit', 0), 10)
    .action(run('trends'));
  sub('backup <file>', 'copy the workspace into one file').action(run('backup'));
  sub('check', 'check the workspace file and that the graph follows from its readings').action(run('check'));

  command.addHelpText(
    'after',
    '\nExamples:\n  lyceum graph show "conditional random field"\n  lyceum graph export --format turtle --output graph.ttl\n  lyceum graph merge "online clustering algorithm" "Online clustering"\n  lyceum graph trends --method "hidden Markov model"\n  lyceum graph trends --kinds Method,Task\n',
  );
};
