// What `lyceum complete`, `score` and `chat` do once their arguments are understood. Each answers the exit code.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { ConfigError } from '../../core/index.ts';
import type { ChatMessage } from '../../formats/index.ts';
import { modelFor } from '../adapter-model.ts';
import type { Skipped } from '../each-record.ts';
import { fileError } from '../file-error.ts';
import { parseJsonLines } from '../json-lines.ts';
import type { GuardVerdict, LanguageModel } from '../language-model/index.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts'; // not from the index: this process computes nothing and need not load what does
import { cancellation } from './cancellation.ts';
import { exitCodeOf, messageOf } from './exit.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

export interface CompleteFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly guard?: string;
  readonly input?: string;
  readonly output?: string;
  readonly specialTokens: boolean;
  readonly speculation: boolean;
  readonly maxTokens?: number;
  readonly temperature?: number;
}

export type ScoreFlags = Omit<CompleteFlags, 'speculation' | 'guard'> & { readonly input: string };

export interface ChatFlags {
  readonly model?: string;
  readonly adapter?: string;
  readonly guard?: string;
  readonly system?: string;
  readonly speculation: boolean;
  readonly maxTokens?: number;
  readonly temperature?: number;
}

const open = async (flags: Pick<CompleteFlags, 'model' | 'adapter' | 'guard'>, { threads, device, weights }: CommonOptions): Promise<LanguageModel> => {
  const { adapter, guard } = flags;
  return openLanguageModelApart(await modelFor(flags), {
    threads,
    device,
    weights,
    ...(adapter !== undefined && { adapter }),
    ...(guard !== undefined && { guard }),
  });
};

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
};

/** `lyceum complete PROMPT`, or with --input a record a line. */
export async function complete(prompt: string | undefined, flags: CompleteFlags, common: CommonOptions): Promise<number> {
  const { input, maxTokens, temperature, specialTokens: special, speculation: speculate } = flags;
  if ((prompt === undefined) === (input === undefined))
    throw new ConfigError(`complete: expected either a prompt or --input FILE, got ${prompt === undefined ? 'neither' : 'both'}`);
  const defaults = { ...(maxTokens !== undefined && { maxTokens }), ...(temperature !== undefined && { temperature }) };
  if (input === undefined) {
    using stop = cancellation('nothing was kept');
    await using model = await open(flags, common);
    const request = { prompt: prompt!, special, speculate, seed: common.seed, ...defaults };
    const onPiece = common.json ? undefined : ({ text }: { text: string }) => void process.stdout.write(text);
    const result = await model.generate(request, { signal: stop.signal, ...(onPiece && { onPiece }) });
    process.stdout.write(common.json ? `${JSON.stringify(result)}\n` : '\n');
    return 0;
  }
  const { completeAll, completeRecord } = await import('../complete.ts'); // what checks records is not loaded for a prompt
  const records = parseJsonLines(await read(input), input, completeRecord).map((record) => ({ ...defaults, ...record }));
  return batch('texts', records.length, flags, common, (model, run) =>
    completeAll(model, records, { special, ...(!speculate && { speculate }), seed: common.seed, ...run }),
  );
}

/** `lyceum score --input FILE`. */
export async function score(flags: ScoreFlags, common: CommonOptions): Promise<number> {
  const { scoreAll, scoreRecord } = await import('../complete.ts');
  const records = parseJsonLines(await read(flags.input), flags.input, scoreRecord);
  return batch('texts', records.length, flags, common, (model, run) => scoreAll(model, records, { special: flags.specialTokens, ...run }));
}

const batch = async (
  unit: string,
  total: number,
  flags: Pick<CompleteFlags, 'model' | 'adapter' | 'guard' | 'output'>,
  common: CommonOptions,
  work: (
    model: LanguageModel,
    run: { signal: AbortSignal; onProgress: (done: number) => void },
  ) => Promise<{ done: readonly object[]; skipped: readonly Skipped[] }>,
): Promise<number> => {
  const { output } = flags;
  using stop = cancellation('run the same command again');
  const bar = progressLine({ quiet: common.quiet || common.json, unit });
  const begun = performance.now();
  try {
    await using model = await open(flags, common);
    const { done, skipped } = await work(model, { signal: stop.signal, onProgress: (finished) => bar.update(finished, total, model.info.name) });
    const lines = done.map((one) => `${JSON.stringify(one)}\n`);
    if (output === undefined) for (const line of lines) process.stdout.write(line);
    else await (await import('../write-output.ts')).writeOutput(output, lines);
    bar.stop();
    const seconds = Number(((performance.now() - begun) / 1000).toFixed(3));
    if (common.json && output !== undefined) process.stdout.write(`${JSON.stringify({ records: done.length, output, seconds, skipped })}\n`);
    else if (output !== undefined) bar.note(`${done.length} ${unit} in ${seconds.toFixed(1)} s → ${output}`);
    for (const { id, code, reason } of skipped) process.stderr.write(`skipped ${id}: ${reason} (${code})\n`);
    return skipped.length > 0 ? 3 : 0;
  } finally {
    bar.stop();
  }
};

const guardNote = ({ withheld }: GuardVerdict): string =>
  withheld.length > 0
    ? `guard: withheld ${withheld.map((text) => JSON.stringify(text.slice(0, 80))).join(', ')}\n`
    : 'guard: the document carries instructions or claims of its own\n';

/** `lyceum chat`: a turn a line; of lines that come from a file, exit code 3 says that some were left out. Ctrl-C ends an answer; at the prompt it says how to end, since an answer may have ended just before. */
export async function chat(flags: ChatFlags, common: CommonOptions): Promise<number> {
  const { system, maxTokens, temperature, speculation: speculate } = flags;
  await using model = await open(flags, common);
  if (!model.info.hasChatTemplate)
    throw new ConfigError(
      `chat: expected a model with a chat template, got ${model.info.name} without one; use \`lyceum complete\`, or an instruction-tuned model`,
    );
  const start: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
  let messages = [...start];
  const terminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output: terminal ? process.stderr : undefined, terminal, prompt: '> ' });
  let answering: AbortController | undefined;
  const prompt = (): void => {
    if (terminal) lines.prompt();
  };
  let asked = false; // to end, by Ctrl-C at the prompt
  let left = false; // a turn was left out
  lines.on('SIGINT', () => {
    if (answering) return answering.abort();
    if (asked) return lines.close();
    asked = true;
    process.stderr.write('\nCtrl-C again, /exit or Ctrl-D ends.\n');
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' }); // what was half written goes, and the prompt stands again
  });
  process.on('SIGINT', () => answering?.abort());
  if (terminal && !common.quiet) process.stderr.write(`${model.info.name}. /new begins again, /exit or Ctrl-D ends, Ctrl-C stops an answer.\n`);
  prompt();
  for await (const line of lines) {
    asked = false;
    const content = line.trim();
    if (content === '/exit') break;
    if (content === '/new') messages = [...start];
    else if (content !== '') {
      answering = new AbortController();
      const turns = [...messages, { role: 'user', content }];
      let text = '';
      const onPiece = (piece: { text: string }): void => {
        text += piece.text;
        if (!common.json) process.stdout.write(piece.text);
      };
      try {
        const result = await model.generate(
          { messages: turns, speculate, seed: common.seed, maxTokens: maxTokens ?? 1024, ...(temperature !== undefined && { temperature }) },
          { signal: answering.signal, onPiece },
        );
        ({ text } = result);
        process.stdout.write(common.json ? `${JSON.stringify(result)}\n` : '\n');
        if (result.guard?.flagged && !common.quiet) process.stderr.write(guardNote(result.guard));
        messages = [...turns, { role: 'assistant', content: text }];
      } catch (error) {
        if (answering.signal.aborted) {
          process.stdout.write(' …\n');
          // A stopped answer stays in the conversation as far as it was shown.
          messages = [...turns, { role: 'assistant', content: text }];
        } else if (exitCodeOf(error) === 2) {
          // One turn that cannot be served, too long for the context for instance, ends no conversation.
          process.stderr.write(`${messageOf(error)}\nThis turn is left out; say it otherwise, or /new begins again.\n`);
          left = true;
        } else throw error;
      }
      answering = undefined;
    }
    prompt();
  }
  lines.close();
  return left && !terminal ? 3 : 0;
}
