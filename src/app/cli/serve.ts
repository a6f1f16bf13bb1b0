import type { CommandModule } from './command-module.ts';
import { adapterOption, modelOrUsualOption } from './model-options.ts';
import { wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

interface ServeFlags {
  readonly model: string;
  readonly adapter?: string;
  readonly guard?: string;
  readonly port: number;
  readonly host: string;
  readonly slots: number;
  readonly token?: string;
  readonly name: string[];
}

export const define: CommandModule['define'] = (command, finish) => {
  command
    .option(...modelOrUsualOption)
    .option(...adapterOption)
    .option('--guard <folder>', 'a guard of `lyceum guard calibrate`, for what stands between <document> and </document> and what tools answer')
    .option('--port <n>', 'port; the next free one when it is taken', wholeNumber('--port', 0), 4750)
    .option('--host <address>', 'address to listen on; anything but loopback needs --token', '127.0.0.1')
    .option('--slots <n>', 'answers computed together; more wait in a queue', wholeNumber('--slots', 1), 8)
    .option('--token <text>', 'the API key that clients must send')
    .option('--name <host>', 'another name under which clients reach it; may be given again', (name: string, all: string[]) => [...all, name], [])
    .addHelpText(
      'after',
      '\nSpeaks as OpenAI’s API under /v1: models, chat/completions, completions, embeddings. Also /health and /metrics.\n\nExamples:\n  lyceum serve\n  lyceum serve --model ./my-model.gguf --host 0.0.0.0 --token "$(openssl rand -hex 16)"\n',
    )
    .action(async (flags: ServeFlags) => {
      const { serveModel } = await import('../serve.ts');
      const { name: names, ...rest } = flags;
      finish(await serveModel({ ...commonOptions(command), ...rest, names }));
    });
};
