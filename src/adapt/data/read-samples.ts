import { ConfigError, FormatError } from '../../core/index.ts';
import { bounded } from '../../formats/index.ts';
import { readLines } from './read-lines.ts';
import { type Fields, type Recognised, recogniseSample } from './recognise-sample.ts';
import { contentHash, promptOf, type Sample, type SampleShape } from './sample.ts';

/** Samples whose prompt matches are of this kind. */
export interface KindRule {
  readonly pattern: RegExp;
  readonly kind: string;
}

export interface ReadSamplesOptions {
  /** The field that names the kind, a string or a number. Default: the first of `kind`, `task_type`, `type` that holds one. */
  readonly kindField?: string;
  /** Rules come before fields; the first that matches the prompt counts. */
  readonly kindRules?: readonly KindRule[];
  /** Longest line. Default 4 MiB. */
  readonly maxLineBytes?: number;
  /** Most samples. Default one million. */
  readonly maxSamples?: number;
}

export interface ReadSamples {
  readonly samples: readonly Sample[];
  /** How many of each shape; more than one shape is allowed, and for the reader to say. */
  readonly shapes: Readonly<Partial<Record<SampleShape, number>>>;
  /** How many of each kind, in the order of their names; samples without one are not counted. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Lines that are no sample; `file` where a folder was read. */
  readonly skipped: readonly { readonly file?: string; readonly line: number; readonly reason: string }[];
  /** Ids that stood before: the later sample is kept under a name of its own, `id#2`. */
  readonly renamed: readonly { readonly line: number; readonly id: string; readonly now: string }[];
  /** Samples that teach exactly what an earlier one does: kept, as they may be meant, and on one side of every split. */
  readonly duplicates: readonly { readonly id: string; readonly of: string }[];
}

const kindFields = ['kind', 'task_type', 'type'];
const rulesMs = 20_000;

/**
 * Reads a JSON Lines file of samples. The shape of each is recognised by its fields: see `recogniseSample`. Lines that are none are listed with the reason, blank lines passed over.
 *
 * @throws FormatError where there is no sample at all, or the file is one JSON document · ConfigError over `maxSamples` · UnsupportedError where rules take longer than 20 s
 */
export const readSamples = async (path: string, options: ReadSamplesOptions = {}): Promise<ReadSamples> => {
  const { maxLineBytes = 2 ** 22, maxSamples = 1_000_000 } = options;
  const found: Sample[] = [];
  const skipped: { line: number; reason: string }[] = [];
  const renamed: { line: number; id: string; now: string }[] = [];
  const ids = new Set<string>();
  const idFor = (line: number, given: unknown): string => {
    const id = typeof given === 'string' || typeof given === 'number' ? String(given) : `line ${line}`;
    let now = id;
    for (let count = 2; ids.has(now); count++) now = `${id}#${count}`;
    ids.add(now);
    if (now !== id) renamed.push({ line, id, now });
    return now;
  };
  for await (const { number: line, text, problem } of readLines(path, maxLineBytes)) {
    if (problem === undefined && text.trim() === '') continue;
    if (found.length + skipped.length === 0 && /^\s*\[/.test(text))
      throw new FormatError(`${path}: expected JSON Lines, got a JSON list; write one object a line: jq -c '.[]' FILE`);
    const read = problem === undefined ? parseLine(text, options.kindField) : { reason: problem };
    if ('reason' in read) {
      skipped.push({ line, reason: read.reason });
      continue;
    }
    if (found.length === maxSamples) throw new ConfigError(`${path}: expected at most ${maxSamples} samples, got more; take a part of the file`);
    found.push({ ...read.content, id: idFor(line, read.fields['id']), line, ...(read.kind !== undefined && { kind: read.kind }) });
  }
  if (found.length === 0) throw new FormatError(`${path}: expected samples, got ${nothing(skipped)}; see the guide for the shapes of a line`);
  return describeSamples(ruled(found, options.kindRules ?? [], path), { skipped, renamed });
};

const nothing = (skipped: ReadSamples['skipped']): string => {
  const [first] = skipped;
  return first ? `${skipped.length} lines that are none, the first in line ${first.line}: ${first.reason}` : 'an empty file';
};

type ReadLine = { readonly reason: string } | { readonly fields: Fields; readonly content: Recognised; readonly kind: string | undefined };

const parseLine = (text: string, kindField: string | undefined): ReadLine => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { reason: `no JSON: ${(error as Error).message.slice(0, 120)}` };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { reason: `no object but ${text.trim().slice(0, 40)}` };
  const fields = json as Fields;
  const content = recogniseSample(fields);
  if ('reason' in content) return content;
  const kind = (kindField === undefined ? kindFields : [kindField]).map((name) => (Object.hasOwn(fields, name) ? fields[name] : undefined)).find(isKind);
  if (kindField !== undefined && kind === undefined && (fields[kindField] ?? null) !== null)
    return { reason: `${kindField} is neither text nor number: ${JSON.stringify(fields[kindField]).slice(0, 40)}` };
  return { fields, content, kind: kind === undefined ? undefined : String(kind) };
};

const isKind = (value: unknown): value is string | number => (typeof value === 'string' && value !== '') || typeof value === 'number';

const ruled = (samples: readonly Sample[], rules: readonly KindRule[], path: string): readonly Sample[] => {
  if (rules.length === 0) return samples;
  const kindOf = (sample: Sample): string | undefined => rules.find(({ pattern }) => promptOf(sample).search(pattern) >= 0)?.kind ?? sample.kind;
  return bounded(() => samples.map((sample) => withKind(sample, kindOf(sample))), rulesMs, `${path}: rules for kinds`);
};
const withKind = (sample: Sample, kind: string | undefined): Sample => (kind === undefined ? sample : { ...sample, kind });

/** Counts what was read. */
export const describeSamples = (samples: readonly Sample[], { skipped, renamed }: Pick<ReadSamples, 'skipped' | 'renamed'>): ReadSamples => {
  const shapes: Partial<Record<SampleShape, number>> = {};
  const kinds = new Map<string, number>();
  const duplicates: { id: string; of: string }[] = [];
  const firsts = new Map<string, string>();
  for (const sample of samples) {
    shapes[sample.shape] = (shapes[sample.shape] ?? 0) + 1;
    if (sample.kind !== undefined) kinds.set(sample.kind, (kinds.get(sample.kind) ?? 0) + 1);
    const content = contentHash(sample);
    const first = firsts.get(content);
    if (first === undefined) firsts.set(content, sample.id);
    else duplicates.push({ id: sample.id, of: first });
  }
  return { samples, shapes, kinds: Object.fromEntries([...kinds].sort(([a], [b]) => (a < b ? -1 : 1))), skipped, renamed, duplicates };
};
