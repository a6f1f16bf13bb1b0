import { createInterface } from 'node:readline';

export type Verbs = Readonly<Record<string, (request: never) => unknown>>;

/** Answers a JSON request a line on stdin with a JSON line on stdout, one after another, until stdin ends. */
export const serve = async (verbs: Verbs): Promise<void> => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: verb, ...request } = JSON.parse(line) as { do: string };
    let answer: unknown;
    try {
      const known = verbs[verb];
      if (!known) throw new Error(`expected one of ${Object.keys(verbs).join(', ')}, got ${verb}`);
      answer = (await known(request as never)) ?? {};
    } catch (error) {
      answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
};

/** The most memory this process ever held. */
export const memory = (): { peakBytes: number } => ({ peakBytes: process.resourceUsage().maxRSS * 1024 });
