import { z } from 'zod';
import { UnsupportedError } from '../../core/index.ts';
import { type Part, readPart } from './tokenizer-part.ts';
import { compilePattern } from './tokenizer-pattern.ts';
import { type Form, normaliseTraced, prepend, replaceAll, rewriteCharacters, type Traced } from './tokenizer-trace.ts';

/** Changes a text before it is split; `start` is where it began in the original. */
export type Normalise = (traced: Traced, start: number) => Traced;

/** What is looked for: the text itself or a regular expression. */
export const patternSchema = z.union([z.strictObject({ String: z.string().min(1).max(1000) }), z.strictObject({ Regex: z.string().min(1).max(20_000) })]);
export const readPattern = (pattern: z.output<typeof patternSchema>, where: string): string | RegExp =>
  'String' in pattern ? pattern.String : compilePattern(pattern.Regex, where);

const text = z.string().max(1000);
const form = <T extends Form>(name: T) => z.strictObject({ type: z.literal(name) });
const schemas = {
  NFC: form('NFC'),
  NFD: form('NFD'),
  NFKC: form('NFKC'),
  NFKD: form('NFKD'),
  Lowercase: z.strictObject({ type: z.literal('Lowercase') }),
  Prepend: z.strictObject({ type: z.literal('Prepend'), prepend: text }),
  Replace: z.strictObject({ type: z.literal('Replace'), pattern: patternSchema, content: text }),
  Sequence: z.strictObject({ type: z.literal('Sequence'), normalizers: z.array(z.looseObject({ type: z.string() })) }),
};
type Step = Exclude<ReturnType<typeof readPart<typeof schemas>>, { type: 'Sequence' }>;

const stepLimit = 64;
const [growth, growthStart, lengthLimit] = [32, 1024, 2 ** 26];

/**
 * The `normalizer` of a tokenizer.json as a function, which throws UnsupportedError where a text becomes far longer than it was. Characters newer than the reference's tables (Unicode 9) are composed and
 * ordered as Unicode has it today.
 *
 * @throws what `readPart` and `compilePattern` throw · UnsupportedError for more than 64 steps
 */
export const makeNormalizer = (part: Part | null | undefined, where: string): Normalise => {
  const named = `${where} normalizer`;
  const flatten = (one: Part): Step[] => {
    const read = readPart(one, schemas, named);
    return read.type === 'Sequence' ? read.normalizers.flatMap(flatten) : [read];
  };
  const steps = part ? flatten(part) : [];
  if (steps.length > stepLimit)
    throw new UnsupportedError(`${named}: expected at most ${stepLimit} steps, got ${steps.length}; use a model with a plainer tokenizer`);
  const changes = steps.map((step) => makeStep(step, named));
  return (traced, start) => {
    const most = Math.min(lengthLimit, growthStart + growth * traced.text.length);
    const check = (length: number): void => {
      if (length > most) throw new UnsupportedError(`${named}: expected a text of at most ${most} characters, got more; use a model with a plainer tokenizer`);
    };
    return changes.reduce((now, change) => {
      const changed = change(now, start, check);
      check(changed.text.length);
      return changed;
    }, traced);
  };
};

const makeStep = (step: Step, where: string): ((traced: Traced, start: number, check: (length: number) => void) => Traced) => {
  switch (step.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (traced) => normaliseTraced(traced, step.type);
    case 'Lowercase': // character by character: a final sigma is a sigma like any other
      return (traced) => rewriteCharacters(traced, (character) => character.toLowerCase());
    case 'Prepend':
      return (traced, start) => (traced.text === '' ? traced : prepend(traced, step.prepend, start));
    case 'Replace': {
      const pattern = readPattern(step.pattern, where);
      return (traced, _, check) => {
        let length = 0;
        return replaceAll(traced, pattern, () => {
          length += step.content.length;
          check(length);
          return step.content;
        });
      };
    }
  }
};
