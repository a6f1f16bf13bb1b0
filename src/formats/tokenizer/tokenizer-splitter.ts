import { z } from 'zod';
import { UnsupportedError } from '../../core/index.ts';
import { spellBytes } from './byte-pairs-alphabet.ts';
import { patternSchema, readPattern } from './tokenizer-normalizer.ts';
import { type Part, readPart } from './tokenizer-part.ts';
import { prepend, replaceAll, rewriteCharacters, sliceTraced, type Traced } from './tokenizer-trace.ts';

/** A part of a text within which tokens are found. */
export interface Fragment extends Traced {
  /** Where it begins in the original. */
  readonly start: number;
}
export type Split = (fragment: Fragment) => readonly Fragment[];

const behaviour = z.enum(['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']);
type Behaviour = z.output<typeof behaviour>;
const schemas = {
  ByteLevel: z.strictObject({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.boolean().default(true),
    trim_offsets: z.boolean().optional(), // moves offsets only
    use_regex: z.boolean().default(true),
  }),
  Digits: z.strictObject({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) }),
  Metaspace: z.strictObject({
    type: z.literal('Metaspace'),
    replacement: z.string().length(1),
    prepend_scheme: z.enum(['first', 'always', 'never']).optional(),
    add_prefix_space: z.boolean().optional(), // older files
    str_rep: z.string().optional(),
    split: z.boolean().default(true),
  }),
  Split: z.strictObject({ type: z.literal('Split'), pattern: patternSchema, behavior: behaviour, invert: z.boolean().default(false) }),
  Whitespace: z.strictObject({ type: z.literal('Whitespace') }),
  WhitespaceSplit: z.strictObject({ type: z.literal('WhitespaceSplit') }),
  Sequence: z.strictObject({ type: z.literal('Sequence'), pretokenizers: z.array(z.looseObject({ type: z.string() })) }),
};

const white = '\\p{White_Space}';
const gpt2Pattern = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${white}\\p{L}\\p{N}]+|${white}+(?![^${white}])|${white}+`, 'gu');
const word = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
const wordsAndSigns = new RegExp(`[${word}]+|[^${word}${white}]+`, 'gu');
const whites = new RegExp(white, 'gu');
const encoder = new TextEncoder();
const stepLimit = 64;

export interface Splitter {
  readonly split: Split;
  /** Whether fragments are still to be spelt in the alphabet of bytes: left to who knows words again, and does it once for each. */
  readonly unspelt: boolean;
}

/** The `pre_tokenizer` of a tokenizer.json as a function. @throws what `readPart` and `compilePattern` throw */
export const makeSplitter = (part: Part | null | undefined, where: string): Splitter => {
  const steps = part ? flatten(part, `${where} pre_tokenizer`) : [];
  // Spelling what is spelt already would double a text with every step.
  if (steps.length > stepLimit || steps.filter(({ type }) => type === 'ByteLevel').length > 1)
    throw new UnsupportedError(`${where} pre_tokenizer: expected at most ${stepLimit} steps and one ByteLevel, got more; use a model with a plainer tokenizer`);
  const unspelt = steps.at(-1)?.type === 'ByteLevel';
  const splits = steps.map((step, i) => makeStep(step, unspelt && i === steps.length - 1, `${where} pre_tokenizer`));
  return {
    split: (fragment) => splits.reduce<readonly Fragment[]>((now, split) => (now.length === 1 ? split(now[0]!) : now.flatMap(split)), [fragment]),
    unspelt,
  };
};

type Step = Exclude<ReturnType<typeof readPart<typeof schemas>>, { type: 'Sequence' }>;

const flatten = (part: Part, where: string): Step[] => {
  const read = readPart(part, schemas, where);
  return read.type === 'Sequence' ? read.pretokenizers.flatMap((step) => flatten(step, where)) : [read];
};

const makeStep = (step: Step, leaveUnspelt: boolean, where: string): Split => {
  switch (step.type) {
    case 'ByteLevel': {
      const cut: Split = step.use_regex ? splitAt(gpt2Pattern, 'Isolated') : (fragment) => [fragment];
      const prefixed: Split = step.add_prefix_space ? (fragment) => cut(fragment.text.startsWith(' ') ? fragment : withPrefix(fragment, ' ')) : cut;
      return leaveUnspelt ? prefixed : (fragment) => prefixed(fragment).map((found) => ({ ...spell(found), start: found.start }));
    }
    case 'Digits':
      return splitAt(/\p{N}/gu, step.individual_digits ? 'Isolated' : 'Contiguous');
    case 'Metaspace': {
      const { replacement: mark, prepend_scheme: scheme = step.add_prefix_space === false ? 'never' : 'always' } = step;
      const cut: Split = step.split ? splitAt(mark, 'MergedWithNext') : (fragment) => [fragment];
      return (fragment) => {
        const marked: Fragment = { ...replaceAll(fragment, ' ', () => mark), start: fragment.start };
        const wanted = (scheme === 'always' || (scheme === 'first' && fragment.start === 0)) && !marked.text.startsWith(mark);
        return cut(wanted ? withPrefix(marked, mark) : marked);
      };
    }
    case 'Split':
      return splitAt(readPattern(step.pattern, where), step.behavior, step.invert);
    case 'Whitespace':
      return splitAt(wordsAndSigns, 'Removed', true);
    case 'WhitespaceSplit':
      return splitAt(whites, 'Removed');
  }
};

const withPrefix = (fragment: Fragment, prefix: string): Fragment => ({ ...prepend(fragment, prefix, fragment.start), start: fragment.start });
const spell = (traced: Traced): Traced => rewriteCharacters(traced, (character) => spellBytes(encoder.encode(character)));

const splitAt = (pattern: string | RegExp, behaviour: Behaviour, invert = false): Split => {
  const find = typeof pattern === 'string' ? stringMatches(pattern) : patternMatches(pattern);
  return (fragment) => {
    const { text, ends } = fragment;
    const spans = join(alternate(find(text), text.length, invert), behaviour);
    if (spans.length === 2 && spans[0] === 0 && spans[1] === text.length) return [fragment];
    const found: Fragment[] = [];
    for (let i = 0; i < spans.length; i += 2) {
      const [from, to] = [spans[i]!, spans[i + 1]!];
      // Only where it begins at all matters to who comes after; without a trace that is all there is to know.
      if (to > from) found.push({ ...sliceTraced(fragment, from, to), start: from === 0 ? fragment.start : (ends?.[from - 1] ?? fragment.start + from) });
    }
    return found;
  };
};

/** Matches as [from, to, from, to, …]. */
type Find = (text: string) => number[];

const stringMatches =
  (wanted: string): Find =>
  (text) => {
    const found: number[] = [];
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(at, at + wanted.length);
    return found;
  };

const patternMatches =
  (pattern: RegExp): Find =>
  (text) => {
    const found: number[] = [];
    for (const match of text.matchAll(pattern)) found.push(match.index, match.index + match[0].length);
    return found;
  };

interface Span {
  from: number;
  to: number;
  readonly matched: boolean;
}

/** Matches and what lies between them, in order. */
const alternate = (matches: readonly number[], length: number, invert: boolean): Span[] => {
  const spans: Span[] = [];
  let at = 0;
  for (let i = 0; i < matches.length; i += 2) {
    const [from, to] = [matches[i]!, matches[i + 1]!];
    if (from > at) spans.push({ from: at, to: from, matched: invert });
    spans.push({ from, to, matched: !invert });
    at = to;
  }
  if (at < length) spans.push({ from: at, to: length, matched: invert });
  return spans;
};

const join = (spans: readonly Span[], behaviour: Behaviour): number[] => {
  const joined: Span[] = [];
  let before: Span | undefined;
  const order = behaviour === 'MergedWithNext' ? spans.toReversed() : spans;
  for (const span of order) {
    const merged =
      before && (behaviour === 'Contiguous' ? before.matched === span.matched : behaviour.startsWith('MergedWith') && span.matched && !before.matched);
    const last = joined.at(-1);
    if (merged && last) {
      last.from = Math.min(last.from, span.from);
      last.to = Math.max(last.to, span.to);
    } else if (behaviour !== 'Removed' || !span.matched) joined.push({ ...span });
    before = span;
  }
  if (behaviour === 'MergedWithNext') joined.reverse();
  return joined.flatMap(({ from, to }) => [from, to]);
};
