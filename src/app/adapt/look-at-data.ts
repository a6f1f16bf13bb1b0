import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type ReadSamples, readSamples, readTrainingData, type Sample, type TokenText, tokenise } from '../../adapt/index.ts';
import { ConfigError, NotFoundError } from '../../core/index.ts';
import { fileError } from '../file-error.ts';
import { openBase } from '../language-model/open-base.ts';
import type { Look } from '../server/adapt-schema.ts';

export interface LookOptions {
  /** Whose tokens and template the samples are shown in. */
  readonly model?: string;
  readonly kindField?: string;
  /** Tokens of a row. Default 256, as the small recipe has. */
  readonly length?: number;
}

const mostShown = 8;
const mostListed = 50;
const mostCharacters = 4000; // of a turn
const largestBytes = 2 ** 30;

/**
 * What training data holds, and some samples with what is learnt of them: as turns, and as a model sees them.
 *
 * @throws NotFoundError, FormatError as `readTrainingData` does · ConfigError for plain text without a model, and for a file over 1 GiB
 */
export const lookAtData = async (path: string, { model, kindField, length = 256 }: LookOptions): Promise<Look> => {
  const found = await stat(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  if (found.isFile() ? found.size > largestBytes : !found.isDirectory())
    throw found.isFile()
      ? new ConfigError(`${path}: expected at most 1 GiB, got ${(found.size / 2 ** 30).toFixed(1)}; take a part of the file`)
      : new NotFoundError(`${path}: expected a file or a folder, got neither; check the path`);
  const base = model === undefined ? undefined : await openBase(model);
  const kinds = kindField === undefined ? {} : { kindField };
  if (!base && (found.isDirectory() || /\.(txt|md)$/i.test(path)))
    throw new ConfigError(`${path}: expected a model to cut plain text for, got none; choose one`);
  const read = base ? await readTrainingData(path, { tokenizer: base.tokenizer, length, ...kinds }) : await readSamples(path, kinds);
  const first = chosen(read.samples);
  const shown = base && (await tokenise(first, { tokenizer: base.tokenizer, chatTemplate: base.chatTemplate, length }));
  return {
    data: path,
    name: basename(path),
    samples: read.samples.length,
    shapes: Object.entries(read.shapes).map(([shape, samples]) => ({ shape: shape as Sample['shape'], samples })),
    kinds: Object.entries(read.kinds).map(([kind, samples]) => ({ kind, samples })),
    duplicates: read.duplicates.length,
    renamed: read.renamed.length,
    skipped: { count: read.skipped.length, lines: read.skipped.slice(0, mostListed).map(lineOf) },
    unusable:
      read.shapes.preference && read.shapes.preference < read.samples.length
        ? `${read.shapes.preference} of its ${read.samples.length} samples are preferences, two answers each: put the others into a file of their own`
        : null,
    first: first.map((sample) => {
      const text =
        shown?.texts.find(({ id }) => id === sample.id || id.startsWith(`${sample.id}/`)) ??
        shown?.pairs.find(({ chosen: { id } }) => id === sample.id)?.chosen;
      const refused = shown?.refused.find(({ id }) => id === sample.id);
      return {
        id: sample.id,
        line: sample.line,
        shape: sample.shape,
        kind: sample.kind ?? null,
        turns: turnsOf(sample),
        tokens: text?.ids.length ?? null,
        seen: text && base ? runsOf(text).map(({ ids, learnt }) => ({ text: base.tokenizer.decode(ids, { skipSpecial: false }), learnt })) : [],
        problem: refused ? `left out: ${refused.reason}` : shown?.cut.includes(sample.id) && sample.shape !== 'text' ? `cut to ${length} tokens` : null, // of a text every part is learnt
      };
    }),
  };
};

const lineOf = (skipped: ReadSamples['skipped'][number] & { readonly file?: string }) => ({
  line: skipped.line,
  reason: skipped.file === undefined ? skipped.reason : `${skipped.file}: ${skipped.reason}`,
});

/** Some of every shape and kind, in the order of the file. */
const chosen = (samples: readonly Sample[]): Sample[] => {
  const sorts = new Map<string, Sample>();
  for (const sample of samples) {
    const sort = `${sample.shape} ${sample.kind ?? ''}`;
    if (sorts.size < mostShown && !sorts.has(sort)) sorts.set(sort, sample);
  }
  const taken = new Set(sorts.values());
  for (const sample of samples) {
    if (taken.size >= mostShown) break;
    taken.add(sample);
  }
  return [...taken].sort((a, b) => a.line - b.line);
};

const cut = (text: string): string => (text.length > mostCharacters ? `${text.slice(0, mostCharacters).toWellFormed()} …` : text);

const turnsOf = (sample: Sample): Look['first'][number]['turns'] => {
  if (sample.shape === 'text') return [{ role: 'text', content: cut(sample.text), learnt: true }];
  const turns = sample.turns.map(({ role, content }) => ({ role: role as string, content: cut(content), learnt: role === 'assistant' }));
  return sample.shape === 'preference'
    ? [...turns, { role: 'chosen', content: cut(sample.chosen), learnt: true }, { role: 'rejected', content: cut(sample.rejected), learnt: false }]
    : turns;
};

/** Tokens in runs that are learnt or not. */
const runsOf = ({ ids, answer }: TokenText): { ids: number[]; learnt: boolean }[] => {
  const runs: { ids: number[]; learnt: boolean }[] = [];
  for (const [i, id] of ids.entries()) {
    const learnt = answer[i]!;
    const last = runs.at(-1);
    if (last?.learnt === learnt) last.ids.push(id);
    else runs.push({ ids: [id], learnt });
  }
  return runs;
};
