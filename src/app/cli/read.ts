import type { Command } from 'commander';
import type { CommandModule } from './command-module.ts';
import { positiveNumber, wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';
import type { PretrainFlags, ReadFlags, TrainFlags } from './read-actions.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .argument('[paths...]', 'folders and files; without any, the ones given before')
    .option('--reader <name>', 'a reader that ships with Lyceum, or a folder that `lyceum read train` wrote')
    .option('--prune', 'remove documents whose files are gone from the folders given')
    .option('--wait', 'wait while another process writes to the workspace')
    .option('--open', 'open the workbench afterwards')
    .option('--port <n>', 'port of the workbench', wholeNumber('--port', 0))
    .option('--predict <file>', 'predict for a DyGIE file (tokens given) instead of reading into the graph')
    .option('--output <file>', 'where the predictions go; written whole or not at all')
    .addHelpText(
      'after',
      '\nReads PDF, HTML, DOCX, Markdown, text and JSON Lines. What is already read and unchanged is not read again; Ctrl-C stops, the same command goes on.\n\nExamples:\n  lyceum read ~/papers\n  lyceum read paper.pdf notes.md --json\n  lyceum read --predict dev.json --output predicted.jsonl\n  lyceum read train --data scierc --output my-reader\n  lyceum read pretrain --data abstracts.jsonl.gz --output my-encoder\n',
    )
    .action(async (paths: string[], flags: ReadFlags & { readonly predict?: string; readonly output?: string }) => {
      const actions = await import('./read-actions.ts');
      const common = commonOptions(command);
      finish(flags.predict === undefined ? await actions.readPaths(paths, flags, common) : await actions.predictFile(flags.predict, flags, common));
    });

  const training = command
    .command('train')
    .description('train a reader on annotated documents (DyGIE: train.json and dev.json in a folder)')
    .requiredOption('--data <folder>', 'folder with train.json and dev.json')
    .option('--output <folder>', 'where the reader and the run go (needed); the same command goes on after an interruption')
    .option('--preset <name>', 'ner, coref, relation (the paper’s settings) or all', 'all')
    .option('--tasks <names>', 'only these, separated by commas: entity, relation, coreference')
    .option('--tuning <name>', 'full or lora', 'full')
    .option('--epochs <n>', 'passes over the training documents', wholeNumber('--epochs', 1))
    .option('--batch <n>', 'documents a step', wholeNumber('--batch', 1))
    .option('--encoder <folder>', 'an encoder that `lyceum read pretrain` wrote, to begin with')
    .option('--encoder-rate <x>', 'learning rate of the encoder', positiveNumber('--encoder-rate'))
    .option('--head-rate <x>', 'learning rate of the heads', positiveNumber('--head-rate'))
    .option('--evaluate-every <n>', 'epochs between looks at dev.json', wholeNumber('--evaluate-every', 1))
    .option('--dry-run', 'say what it would take, and stop')
    .addHelpText(
      'after',
      '\nExamples:\n  lyceum read train --data scierc --output my-reader\n  lyceum read train --data scierc --output quick --epochs 3 --seed 7\n  lyceum read train --data scierc --output better --encoder my-encoder\n',
    )
    .action(async (flags: Omit<TrainFlags, 'output'>) => {
      const output = outputOf(training, 'the reader and its run go there');
      const actions = await import('./read-actions.ts');
      finish(await actions.train({ ...flags, output }, commonOptions(command)));
    });

  const pretraining = command
    .command('pretrain')
    .description('teach the encoder the language of a domain from plain abstracts, before a reader is trained from it')
    .requiredOption('--data <file>', 'JSON Lines with abstract (and title) or text, packed (.gz) or not')
    .option('--output <folder>', 'where the encoder and the run go (needed); the same command goes on after an interruption')
    .option('--epochs <n>', 'passes over the documents', wholeNumber('--epochs', 1))
    .option('--limit <n>', 'only so many documents, drawn by --seed', wholeNumber('--limit', 2))
    .option('--dry-run', 'say what it would take, and stop')
    .addHelpText(
      'after',
      '\nExamples:\n  lyceum read pretrain --data abstracts.jsonl.gz --output my-encoder\n  lyceum read pretrain --data abstracts.jsonl --output quick --limit 2000\n',
    )
    .action(async (flags: Omit<PretrainFlags, 'output'>) => {
      const output = outputOf(pretraining, 'the encoder and its run go there');
      const actions = await import('./read-actions.ts');
      finish(await actions.pretrain({ ...flags, output }, commonOptions(command)));
    });
};

/** `read` has an --output of its own, which takes what stands behind its subcommands too. */
const outputOf = (command: Command, use: string): string => {
  const { output } = command.optsWithGlobals<{ output?: string }>();
  return output ?? command.error(`error: read ${command.name()}: expected --output FOLDER, got none; ${use}`, { exitCode: 2 });
};
