import { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';
import { unspellBytes } from './byte-pairs-alphabet.ts';
import { patternSchema } from './tokenizer-normalizer.ts';
import { type Part, readPart } from './tokenizer-part.ts';

const anyPart = z.looseObject({ type: z.string() });
const pair = z.tuple([z.string(), z.number().int().min(0)]);
const templatePiece = z.union([
  z.strictObject({ SpecialToken: z.strictObject({ id: z.string(), type_id: z.number() }) }),
  z.strictObject({ Sequence: z.strictObject({ id: z.enum(['A', 'B']), type_id: z.number() }) }),
]);
const processors = {
  ByteLevel: z.looseObject({ type: z.literal('ByteLevel') }), // moves offsets only
  TemplateProcessing: z.looseObject({
    type: z.literal('TemplateProcessing'),
    single: z.array(templatePiece),
    special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.number().int().min(0)) })),
  }),
  BertProcessing: z.looseObject({ type: z.literal('BertProcessing'), sep: pair, cls: pair }),
  RobertaProcessing: z.looseObject({ type: z.literal('RobertaProcessing'), sep: pair, cls: pair }),
  Sequence: z.strictObject({ type: z.literal('Sequence'), processors: z.array(anyPart) }),
};

interface Around {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The ids that the `post_processor` of a tokenizer.json puts around a single text. @throws what `readPart` throws */
export const readProcessor = (part: Part | null | undefined, where: string): Around => {
  if (!part) return { before: [], after: [] };
  const read = readPart(part, processors, `${where} post_processor`);
  switch (read.type) {
    case 'ByteLevel':
      return { before: [], after: [] };
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [read.cls[1]], after: [read.sep[1]] };
    case 'Sequence':
      return read.processors
        .map((step) => readProcessor(step, where))
        .reduce((all, { before, after }) => ({ before: [...before, ...all.before], after: [...all.after, ...after] }), { before: [], after: [] });
    case 'TemplateProcessing': {
      const at = read.single.findIndex((piece) => 'Sequence' in piece);
      if (at < 0 || read.single.some((piece, i) => 'Sequence' in piece && i !== at))
        throw new UnsupportedError(`${where} post_processor: expected a template with the text once, got another; use a model with a plainer tokenizer`);
      const idsOf = (pieces: typeof read.single): number[] =>
        pieces.flatMap((piece) => {
          const name = 'SpecialToken' in piece ? piece.SpecialToken.id : '';
          if (!Object.hasOwn(read.special_tokens, name))
            throw new FormatError(`${where} post_processor: expected ids of ${JSON.stringify(name.slice(0, 40))}, got none; fetch the tokenizer again`);
          return read.special_tokens[name]!.ids;
        });
      return { before: idsOf(read.single.slice(0, at)), after: idsOf(read.single.slice(at + 1)) };
    }
  }
};

const decoders = {
  ByteLevel: z.looseObject({ type: z.literal('ByteLevel') }),
  Metaspace: z.looseObject({
    type: z.literal('Metaspace'),
    replacement: z.string().length(1),
    prepend_scheme: z.enum(['first', 'always', 'never']).optional(),
    add_prefix_space: z.boolean().optional(), // older files
  }),
  Replace: z.strictObject({ type: z.literal('Replace'), pattern: patternSchema, content: z.string() }),
  ByteFallback: z.strictObject({ type: z.literal('ByteFallback') }),
  Fuse: z.strictObject({ type: z.literal('Fuse') }),
  Strip: z.strictObject({ type: z.literal('Strip'), content: z.string(), start: z.number().int(), stop: z.number().int() }),
  Sequence: z.strictObject({ type: z.literal('Sequence'), decoders: z.array(anyPart) }),
};
type Step = Exclude<ReturnType<typeof readPart<typeof decoders>>, { type: 'Sequence' }>;

interface Bytes {
  readonly bytesOf: (token: string) => Uint8Array;
  readonly stripFirstSpace: boolean;
}

const encoder = new TextEncoder();
const spelt = /^<0x([0-9A-Fa-f]{2})>$/;

/** The bytes of a token in the alphabet of bytes; one that is not spelt in it stands for itself. */
export const speltBytes = (token: string): Uint8Array => unspellBytes(token) ?? encoder.encode(token);
/** The bytes of a SentencePiece token: `<0x0A>` is a byte, `▁` a space. */
export const pieceBytes =
  ({ mark, byteFallback }: { readonly mark: string | undefined; readonly byteFallback: boolean }) =>
  (token: string): Uint8Array => {
    const byte = byteFallback ? spelt.exec(token)?.[1] : undefined;
    if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
    return encoder.encode(mark === undefined ? token : token.replaceAll(mark, ' '));
  };

/**
 * What the `decoder` of a tokenizer.json makes of tokens. Known are ByteLevel, Metaspace, and the steps of SentencePiece: Replace a mark by a space, ByteFallback, Fuse, Strip one space at the start. A file
 * without a decoder is read by its pre-tokenizer.
 *
 * @throws what `readPart` throws · UnsupportedError for steps that do something else
 */
export const readDecoder = (part: Part | null | undefined, splitter: Part | null | undefined, where: string): Bytes => {
  const flatten = (one: Part): Step[] => {
    const read = readPart(one, decoders, `${where} decoder`);
    return read.type === 'Sequence' ? read.decoders.flatMap(flatten) : [read];
  };
  const steps: readonly Pick<Step, 'type'>[] = part
    ? flatten(part)
    : JSON.stringify(splitter ?? null).includes('"type":"ByteLevel"')
      ? [{ type: 'ByteLevel' }]
      : [];
  if (steps.some(({ type }) => type === 'ByteLevel')) return { bytesOf: speltBytes, stripFirstSpace: false };
  let mark: string | undefined;
  let stripFirstSpace = false;
  for (const step of steps as readonly Step[]) {
    const known =
      step.type === 'Metaspace' ||
      step.type === 'ByteFallback' ||
      step.type === 'Fuse' ||
      (step.type === 'Replace' && 'String' in step.pattern && step.content === ' ' && (mark ?? step.pattern.String) === step.pattern.String) ||
      (step.type === 'Strip' && step.content === ' ' && step.start <= 1 && step.stop === 0);
    if (!known)
      throw new UnsupportedError(
        `${where} decoder: expected the steps of a byte-level or SentencePiece decoder, got ${JSON.stringify(step).slice(0, 100)}; use a model with a plainer tokenizer`,
      );
    if (step.type === 'Replace' && 'String' in step.pattern) mark = step.pattern.String;
    if (step.type === 'Metaspace') mark = step.replacement;
    if (step.type === 'Metaspace') stripFirstSpace ||= (step.prepend_scheme ?? (step.add_prefix_space === false ? 'never' : 'always')) !== 'never';
    if (step.type === 'Strip') stripFirstSpace ||= step.start === 1;
  }
  return { bytesOf: pieceBytes({ mark, byteFallback: steps.some(({ type }) => type === 'ByteFallback') }), stripFirstSpace };
};
