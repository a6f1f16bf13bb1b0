import { type Segment, segmentsOf } from '../../src/guard/index.ts';
import { hashOf, hashOfName, uniformOf } from '../../src/train/index.ts';
import type { Attack, Carrier, Message } from './sources.ts';

/** A document with what is known of it, before it is embedded. */
export interface Composed {
  /** What it is counted under: the source of the attack, or "clean" and the source of the carrier, or that of a message. */
  readonly source: string;
  readonly carrier: string;
  readonly document: string;
  readonly segments: readonly Segment[];
  readonly instruction: string;
  readonly injected: readonly boolean[] | 'some';
  readonly weight: number;
}

const asked = [
  'Summarise the text.',
  'What is this about?',
  'Answer the question from the document.',
  'List the main points.',
  'Explain this to me.',
  'Which facts are given here?',
];

/** Draws from one stream, told apart by its name. */
const stream = (...names: readonly (string | number)[]): { unit(): number; of<T>(items: readonly T[]): T } => {
  const key = hashOf(...names.map((name) => (typeof name === 'number' ? name : hashOfName(name))));
  let count = 0;
  const unit = (): number => uniformOf(key, count++);
  return { unit, of: (items) => items[Math.floor(unit() * items.length)]! };
};

const instructionFor = (draw: ReturnType<typeof stream>, questions: readonly string[]): string => {
  const chance = draw.unit();
  return chance < 0.25 ? '' : chance < 0.75 && questions.length > 0 ? draw.of(questions) : draw.of(asked);
};

/** A part of a carrier, so that the length of a document says nothing: whole, or one to four segments in a row. */
const partOf = (draw: ReturnType<typeof stream>, text: string): string => {
  const segments = segmentsOf(text);
  if (draw.unit() < 0.7 || segments.length < 2) return text;
  const count = 1 + Math.floor(draw.unit() * Math.min(4, segments.length));
  const from = Math.floor(draw.unit() * (segments.length - count + 1));
  return text.slice(segments[from]!.start, segments[Math.min(segments.length, from + count) - 1]!.end);
};

/** Documents without an attack: whole carriers, parts of some, and some with a question about them at the end, as in a test paper. */
export const clean = (carriers: readonly Carrier[], seed: number, parts: boolean): Composed[] =>
  carriers.flatMap((carrier, i) => {
    const draw = stream(seed, 'clean', i);
    const of = (text: string): Composed => {
      const segments = segmentsOf(text);
      const source = `clean ${carrier.source}`;
      return {
        source,
        carrier: carrier.source,
        document: text,
        segments,
        instruction: instructionFor(draw, carrier.questions),
        injected: segments.map(() => false),
        weight: 1,
      };
    };
    const own =
      carrier.source === 'squad' && draw.unit() < 0.4 ? [of(`${carrier.text}\n${carrier.questions.slice(0, 1 + Math.floor(draw.unit() * 2)).join('\n')}`)] : [];
    return [of(carrier.text), ...(parts ? [of(partOf(draw, carrier.text)), ...own] : [])].filter(({ segments }) => segments.length > 0);
  });

/** One carrier with one attack at its start, in its middle or at its end. */
const attacked = (carrier: Carrier, attack: Attack, draw: ReturnType<typeof stream>, whole: boolean): Composed => {
  const text = whole ? carrier.text : partOf(draw, carrier.text);
  const parts = segmentsOf(text);
  const chance = draw.unit();
  const at = chance < 1 / 3 ? 0 : chance < 2 / 3 ? parts.length : Math.floor(draw.unit() * parts.length);
  const cut = at === 0 ? (parts[0]?.start ?? 0) : at === parts.length ? (parts.at(-1)?.end ?? 0) : parts[at]!.start;
  const times = attack.source === 'own' && draw.unit() < 0.3 ? 2 + Math.floor(draw.unit() * 8) : 1;
  const between = /code|program|table/.test(carrier.source) ? '\n' : draw.of([' ', '\n', '\n\n']);
  const inserted = Array.from({ length: times }, () => attack.text).join(draw.of([' ', '\n']));
  const before = text.slice(0, cut).trimEnd();
  const start = before === '' ? 0 : before.length + between.length;
  const document = `${before === '' ? '' : `${before}${between}`}${inserted}${between}${text.slice(cut).trimStart()}`;
  const segments = segmentsOf(document);
  const end = start + inserted.length;
  const injected = segments.map((segment) => Math.min(segment.end, end) - Math.max(segment.start, start) >= (segment.end - segment.start) / 2);
  const known = injected.some(Boolean) ? injected : segments.map((segment) => segment.start <= start && segment.end > start);
  return {
    source: attack.source,
    carrier: carrier.source,
    document,
    segments,
    instruction: instructionFor(draw, carrier.questions),
    injected: known,
    weight: 1,
  };
};

/**
 * `count` documents with attacks: sources of attacks, and of carriers, drawn evenly.
 *
 * @param whole  never a part of a carrier
 */
export const withAttacks = (carriers: readonly Carrier[], attacks: readonly Attack[], count: number, seed: number, whole = false): Composed[] => {
  const byCarrier = [...Map.groupBy(carriers, ({ source }) => source).values()];
  const byAttack = [...Map.groupBy(attacks, ({ source }) => source).values()];
  return Array.from({ length: count }, (_, i) => {
    const draw = stream(seed, 'attacked', i);
    const attack = draw.of(byAttack[i % byAttack.length]!);
    return attacked(draw.of(draw.of(byCarrier)), attack, draw, whole);
  });
};

/** Documents that are one message each. */
export const alone = (messages: readonly Message[], seed: number): Composed[] =>
  messages.map(({ source, text, injected }, i) => {
    const draw = stream(seed, 'alone', i);
    const segments = segmentsOf(text);
    const some = injected && segments.length > 1 ? ('some' as const) : segments.map(() => injected);
    return {
      source,
      carrier: 'none',
      document: text,
      segments,
      instruction: draw.unit() < 0.5 ? '' : draw.of(asked),
      injected: some,
      weight: injected ? 1.5 : 1,
    };
  });
