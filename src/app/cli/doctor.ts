import type { CommandModule } from './command-module.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command.addHelpText('after', '\nExamples:\n  lyceum doctor\n  lyceum doctor --dir ~/thesis/.lyceum --json\n').action(async () => {
    const { examine } = await import('../doctor.ts');
    const { dir, json } = commonOptions(command);
    const findings = await examine(dir);
    if (json) process.stdout.write(`${JSON.stringify({ sound: findings.every(({ state }) => state !== 'bad'), findings })}\n`);
    else for (const { name, state, text } of findings) process.stdout.write(`${{ good: 'ok ', note: '   ', bad: '!! ' }[state]} ${name.padEnd(16)} ${text}\n`);
    finish(findings.some(({ state }) => state === 'bad') ? 1 : 0);
  });
};
