import { readFile } from 'node:fs/promises';
import type { CommandModule } from './command-module.ts';
import { commonOptions } from './options.ts';

export const define: CommandModule['define'] = (command, finish) => {
  command
    .argument('[texts...]', 'texts to embed')
    .option('--input <file>', 'a file with one text a line, instead')
    .addHelpText(
      'after',
      '\nPrints one JSON line a text: {"text", "vector"}; vectors have length 1, so their product is the cosine.\n\nExamples:\n  lyceum embed "knowledge graph" "graph of facts"\n  lyceum embed --input titles.txt > vectors.jsonl\n',
    )
    .action(async (texts: string[], { input }: { input?: string }) => {
      const { embedTexts } = await import('../embed.ts');
      const all = input === undefined ? texts : (await readFile(input, 'utf8')).split('\n').filter((line) => line.trim() !== '');
      const { threads, device } = commonOptions(command);
      const vectors = await embedTexts(all, { threads, device });
      for (const [i, vector] of vectors.entries())
        process.stdout.write(`${JSON.stringify({ text: all[i], vector: [...vector].map((x) => Number(x.toPrecision(7))) })}\n`);
      finish(0);
    });
};
