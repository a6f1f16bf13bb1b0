import type { CommandModule } from './command-module.ts';
import { wholeNumber } from './number.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .option('--port <n>', 'port; the next free one when it is taken', wholeNumber('--port', 0), 4747)
    .option('--host <address>', 'address to listen on; anything but loopback needs --token', '127.0.0.1')
    .option('--token <text>', 'what a browser must show when it is not on this machine')
    .option('--no-browser', 'print the address only')
    .addHelpText('after', '\nExamples:\n  lyceum open\n  lyceum open --dir ~/thesis/.lyceum --port 8080 --no-browser\n')
    .action(async (flags: { port: number; host: string; token?: string; browser: boolean }) => {
      const { serveWorkbench } = await import('../open.ts');
      finish(await serveWorkbench({ ...commonOptions(command), ...flags }));
    });
};
