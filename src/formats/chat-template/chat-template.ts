import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import type { RenderAnswer, RenderRequest } from './chat-template-process.ts';

/** A turn of a conversation; what else it holds (`tool_calls`, `name`) is the template's to know. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null | readonly object[];
  readonly [key: string]: unknown;
}

export interface ChatInput {
  readonly messages: readonly ChatMessage[];
  /** Tools the model may call, as JSON schemas. */
  readonly tools?: readonly object[];
  /** End with what makes the model answer (default false). */
  readonly addGenerationPrompt?: boolean;
  readonly bosToken?: string;
  readonly eosToken?: string;
  /** More that the template names: `enable_thinking`, `documents`. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What `strftime_now` tells (default: now). */
  readonly now?: Date;
  /** Longest that rendering may take (default 2000). */
  readonly timeoutMs?: number;
}

const templateLimit = 2 ** 20;
const inputLimit = 2 ** 26;
const lengthLimit = 2 ** 24;
const memoryMb = 128;
const graceMs = 1000;
const idleMs = 30_000;
const startMs = 30_000;
const where = 'chat template';
const messagesSchema = z.array(z.looseObject({ role: z.string() })).max(100_000);

/**
 * Writes a conversation as the text a model was trained on, with the Jinja template that came with the model. The text has its begin token already where the template writes one: encode it with
 * `special: false`.
 *
 * A template is a stranger's program, so it runs in a child process that may read files and do nothing else: a loop ends with the time, a text that grows with the memory. A worker thread would start in
 * half the time but does not hold: a string split into 2^28 parts or flattened ends the whole process (tried on Node 24), whatever the thread's limits. The first call starts the child, the next ones find
 * it waiting (about a millisecond); after half a minute without work it ends, and it keeps no program alive.
 *
 * Differs from Python in this: `true`, `none`, lists and objects that are written out without `tojson` read as JSON; `range` goes to 100 000.
 *
 * @throws FormatError where the template is no Jinja template · UnsupportedError where it does not take these messages (`raise_exception`), needs what is not known here, does not end within `timeoutMs`,
 * 128 MB and 16 Mi characters, or messages are not of the form that JSON can say
 */
export const renderChat = async (
  template: string,
  { messages, tools, addGenerationPrompt = false, bosToken = '', eosToken = '', variables = {}, now = new Date(), timeoutMs = 2000 }: ChatInput,
): Promise<string> => {
  const given = messagesSchema.safeParse(messages);
  if (!given.success) {
    const [issue] = given.error.issues;
    throw new FormatError(
      `${where}: expected messages with a role each, got at ${issue?.path.join('.') || 'the top'}: ${issue?.message.slice(0, 200)}; change the messages`,
    );
  }
  const json = toJson({
    documents: null,
    ...variables,
    messages,
    tools: tools ?? null,
    add_generation_prompt: addGenerationPrompt,
    bos_token: bosToken,
    eos_token: eosToken,
  });
  if (template.length > templateLimit || json.length > inputLimit)
    throw new UnsupportedError(
      `${where}: expected a template of at most ${templateLimit} characters and messages of ${inputLimit}, got ${template.length} and ${json.length}; shorten the conversation`,
    );
  const answer = await inTurn(() => ask({ template, variables: JSON.parse(json), nowMs: now.getTime(), timeoutMs, lengthLimit }));
  switch (answer.type) {
    case 'text':
      return answer.text;
    case 'syntax':
      throw new FormatError(`${where}: expected a Jinja template, got ${JSON.stringify(template.slice(0, 60))}: ${answer.message}; fetch the model again`);
    case 'raised':
      throw new UnsupportedError(`${where}: expected messages that the template takes, it says: ${answer.message}; change the messages`);
    case 'failed':
      throw new UnsupportedError(
        `${where}: expected a template that can be followed here, got: ${answer.message}; change the messages or use another template`,
      );
    case 'time':
      throw new UnsupportedError(`${where}: expected a text within ${timeoutMs} ms, got none; use another template`);
    case 'size':
      throw new UnsupportedError(`${where}: expected a text of at most ${lengthLimit} characters, got more; use another template`);
    case 'memory':
      throw new UnsupportedError(`${where}: expected to need at most ${memoryMb} MB, needed more; use another template`);
  }
};

const toJson = (value: object): string => {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new FormatError(`${where}: expected messages that JSON can say, got: ${(error as Error).message.slice(0, 200)}; change the messages`);
  }
};

let child: Promise<ChildProcess> | undefined;
let idle: NodeJS.Timeout | undefined;
let turn: Promise<unknown> = Promise.resolve();

/** One after the other: the child has one thread, and a time that ran out must be the request's own. */
const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
};

const start = (): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const started = fork(
      fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './chat-template-process.ts' : './chat-template-process.js', import.meta.url)),
      [],
      {
        serialization: 'advanced',
        execArgv: [`--max-old-space-size=${memoryMb}`, '--permission', '--allow-fs-read=*'],
        env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      },
    );
    const timer = setTimeout(() => started.kill('SIGKILL'), startMs);
    const fail = (got: unknown): void => {
      clearTimeout(timer);
      reject(new UnsupportedError(`${where}: expected a child process to render in, got ${String(got)}; allow this program to start processes`));
    };
    const exited = (code: number | null, signal: string | null): void => fail(`exit ${signal ?? code}`);
    started.on('error', (error) => fail(error.message)); // stays: later errors, of sending to a child that has ended, come with its exit
    started.once('exit', exited);
    started.once('message', () => {
      clearTimeout(timer);
      started.off('exit', exited);
      resolve(started);
    });
  });

/** Only a child at work keeps the program alive. */
const hold = (running: ChildProcess, held: boolean): void => {
  running[held ? 'ref' : 'unref']();
  running.channel?.[held ? 'ref' : 'unref']();
};

type Outcome = RenderAnswer | { readonly type: 'memory' };

const ask = async (request: RenderRequest): Promise<Outcome> => {
  clearTimeout(idle);
  if (child && !(await child).connected) child = undefined;
  child ??= start();
  const running = await child.catch((error) => {
    child = undefined;
    throw error;
  });
  hold(running, true);
  const stop = (): void => {
    child = undefined;
    running.kill('SIGKILL');
  };
  return new Promise((resolve) => {
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      running.off('message', settle).off('exit', exited);
      if (outcome.type === 'memory') child = undefined;
      hold(running, false);
      idle = setTimeout(stop, idleMs).unref();
      resolve(outcome);
    };
    const exited = (): void => settle({ type: 'memory' }); // Node ends itself when its heap is full
    const timer = setTimeout(() => {
      stop();
      settle({ type: 'time' });
    }, request.timeoutMs + graceMs);
    running.on('message', settle);
    running.on('exit', exited);
    running.send(request, (error) => {
      if (error) settle({ type: 'failed', message: `the process that renders has ended (${error.message})` });
    });
  });
};
