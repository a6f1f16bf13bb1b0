import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../file-error.ts';
import { version } from '../version.ts';
import { writeOutput } from '../write-output.ts';
import type { CaseResult, GuardCase } from './measure-guard.ts';

/** What a model answered, without the case. */
type Answered = Omit<CaseResult, 'case'>;

/** Answers of one model asked in one way. */
export interface AnswersKept {
  /** How long those took that are kept from earlier. */
  readonly seconds: number;
  get(one: GuardCase): CaseResult | undefined;
  add(result: CaseResult): Promise<void>;
}

/** Answers of a run as they come: after a kill the next run with the same settings goes on from them. */
export interface RunKept {
  /** @param asked  everything that answers depend on beside model and case: the guard, how weights are held, how long an answer may be */
  of(asked: unknown): AnswersKept;
  /** The run is over: its result is written, and nothing is kept any more. */
  forget(): Promise<void>;
}

interface Line {
  /** Hash of model and settings. */
  readonly way: string;
  /** Hash of the case. */
  readonly of: string;
  /** Since the answer before it. */
  readonly seconds: number;
  readonly answer: Answered;
}

/** Name of the file beside what a run writes. */
export const keptAnswersFile = 'answers.jsonl';

/**
 * Opens what an earlier run kept, or begins anew. Answers of other models, settings or versions are left alone.
 *
 * @param path   a file of JSON Lines, made with the first answer
 * @param model  what tells the model and the adapter on it from all others
 * @throws as `fileError` tells it
 */
export const keptAnswers = async (path: string, model: unknown): Promise<RunKept> => {
  const found = await readLines(path);
  let made = found.length > 0;
  return {
    of(asked) {
      const way = hashOf([version(), model, asked]);
      const known = new Map(found.filter((line) => line.way === way).map((line) => [line.of, line]));
      let last = performance.now();
      return {
        seconds: [...known.values()].reduce((sum, { seconds }) => sum + seconds, 0),
        get(one) {
          const line = known.get(hashOf(one));
          return line && { case: one, ...line.answer };
        },
        async add({ case: one, ...answer }) {
          const now = performance.now();
          const line: Line = { way, of: hashOf(one), seconds: (now - last) / 1000, answer };
          last = now;
          try {
            if (!made) await mkdir(dirname(path), { recursive: true });
            made = true;
            await appendFile(path, `${JSON.stringify(line)}\n`);
          } catch (error) {
            throw fileError(error, path);
          }
        },
      };
    },
    forget: () => rm(path, { force: true }),
  };
};

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Whole lines of the file; one that a kill cut off is taken out of it. */
const readLines = async (path: string): Promise<Line[]> => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw fileError(error, path);
    return '';
  });
  const whole = text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
  if (!text.endsWith('\n') && text !== '') await writeOutput(path, whole.map((line) => `${JSON.stringify(line)}\n`)); // biome-ignore format: one call
  return whole;
};
