import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spreadLabels, ticks } from './axis.ts';
import { blocksOf } from './blocks.ts';
import { eventParser, type StreamEvent } from './event-parser.ts';
import { kindFinding, kindLines, kindTrendsCsv } from './kind-shares.ts';
import { segments } from './segments.ts';
import { sheetsOf } from './sheets.ts';
import { entityLines, finding, shareLines, trendsCsv, wilson, windowFor } from './trend-shares.ts';
import type { Trends } from './types.ts';
import { duration, hueOf, number, short } from './words.ts';

const entity = (id: string) => ({ id, name: id, kind: 'Task', mentions: 1, documents: 1, facts: 1 });
const trends = (shares: Record<string, readonly (readonly [documents: number, of: number])[]>): Trends => ({
  entity: entity('neural network'),
  relation: 'USED-FOR',
  role: 'subject',
  series: Object.entries(shares).map(([id, points]) => ({
    entity: entity(id),
    points: points.map(([documents, of], index) => ({ year: 2000 + index, documents, of, share: of ? documents / of : 0 })),
  })),
});

describe('segments', () => {
  it('give the text again, each under exactly the marks that cover it', () => {
    const mark = fc.record({ start: fc.integer({ min: 0, max: 60 }), end: fc.integer({ min: 0, max: 60 }), mark: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.array(mark, { maxLength: 8 }), fc.integer({ min: 0, max: 10 }), (text, marks, offset) => {
        const pieces = segments(text, marks, offset);
        expect(pieces.map((piece) => piece.text).join('')).toBe(text);
        for (const piece of pieces) {
          for (let at = piece.start; at < piece.start + piece.text.length; at++) {
            expect([...piece.marks].sort()).toEqual(
              marks
                .filter(({ start, end }) => start <= at && end > at)
                .map((each) => each.mark)
                .sort(),
            );
          }
        }
      }),
    );
  });
});

describe('blocks', () => {
  it('cover every visible character once, in order', () => {
    const piece = fc.constantFrom('Word ', 'one. ', '\n', '\n\n', '  ', 'Heading', '12');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.tuple(fc.nat(120), fc.nat(30)), { maxLength: 5 }), (parts, raw) => {
        const text = parts.join('');
        let last = 0;
        const sentences = raw
          .sort(([a], [b]) => a - b)
          .flatMap(([start, length]) => {
            const span = { start: Math.max(start, last), end: Math.min(text.length, start + length) };
            if (span.end <= span.start) return [];
            last = span.end;
            return [span];
          });
        const blocks = blocksOf(text, sentences);
        for (let i = 1; i < blocks.length; i++) expect(blocks[i]!.start).toBeGreaterThanOrEqual(blocks[i - 1]!.end);
        for (const { start, end } of sentences)
          if (text.slice(start, end).trim().length > 0) expect(blocks.some((block) => block.start < end && block.end > start)).toBe(true);
      }),
    );
  });
  it('tell headings from sentences', () => {
    const text = 'A title\n\nOne sentence.\n\n[1] A reference that goes on\nfor two lines';
    expect(blocksOf(text, [{ start: 9, end: 22 }]).map(({ kind }) => kind)).toEqual(['heading', 'body', 'aside']);
  });
});

describe('sheets', () => {
  it('take the first common paper that holds the text', () => {
    const page = (right: number, bottom: number) => sheetsOf([{ start: 0, end: 5, page: 2, box: [right - 10, bottom - 10, 10, 10] }])[0]!;
    expect(page(500, 700)).toMatchObject({ number: 2, width: 595, height: 842 });
    expect(page(605, 700)).toMatchObject({ width: 612, height: 792 });
    expect(page(3000, 700)).toMatchObject({ width: 3036 });
  });
});

describe('event stream', () => {
  it('gives the same events however the bytes are cut', () => {
    const stream = 'event: hello\ndata: {}\n\n: still here\n\nid: 4\nevent: run\ndata: {"a":\ndata: 1}\n\n';
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 6 }), (cuts) => {
        const events: StreamEvent[] = [];
        const parse = eventParser((event) => events.push(event));
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        for (let i = 0; i + 1 < places.length; i++) parse(stream.slice(places[i], places[i + 1]));
        expect(events).toEqual([
          { event: 'hello', data: '{}' },
          { event: 'run', data: '{"a":\n1}' },
        ]);
      }),
    );
  });
});

describe('trends', () => {
  it('knows the Wilson interval', () => {
    expect(wilson(8, 10).map((value) => value.toFixed(3))).toEqual(['0.490', '0.943']);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });
  it('says up, down, and nothing where chance would do', () => {
    expect(
      finding(
        trends({
          rising: [
            [1, 100],
            [20, 100],
            [60, 100],
          ],
          flat: [
            [10, 100],
            [10, 100],
            [11, 100],
          ],
        }),
      ),
    ).toEqual({ title: 'Neural network is used for rising: up from 1 % (2000) to 60 % (2002)', line: 'rising' });
    expect(
      finding(
        trends({
          falling: [
            [80, 100],
            [5, 100],
          ],
        }),
      ).title,
    ).toContain('down from 80 % (2000) to 5 % (2001)');
    expect(
      finding(
        trends({
          few: [
            [0, 2],
            [1, 2],
          ],
        }),
      ).title,
    ).toContain('1 of 4 dated documents: too few');
    expect(finding(trends({})).title).toContain('No dated document');
  });
  it('pools windows: the share of all years in one window is the pooled share', () => {
    const data = trends({
      a: [
        [1, 4],
        [2, 4],
        [0, 8],
      ],
    });
    for (const { share } of shareLines(entityLines(data), 9)[0]!.points) expect(share).toBeCloseTo(3 / 16);
    expect(
      windowFor(
        entityLines(
          trends({
            a: [
              [1, 2],
              [1, 2],
            ],
          }),
        ),
      ),
    ).toBe(5);
    expect(
      windowFor(
        entityLines(
          trends({
            a: [
              [1, 50],
              [1, 50],
            ],
          }),
        ),
      ),
    ).toBe(1);
  });
  it('writes every count, with names quoted', () => {
    const csv = trendsCsv(trends({ 'a, "b"': [[1, 4]] }));
    expect(csv.split('\n')[1]).toBe('neural network,USED-FOR,subject,"a, ""b""",2000,1,4,0.25');
  });
  it('tells of two kinds by the relation that changed most clearly, which keeps its hue when it is alone', () => {
    const line = (relation: string, counts: readonly (readonly [documents: number, of: number])[]) => ({
      relation,
      points: counts.map(([documents, of], index) => ({ year: 2000 + index, documents, of, share: documents / of })),
    });
    const flat = line('USED-FOR', [[50, 100], [52, 100]]); // biome-ignore format: one line reads best
    const rare = line('COMPARE', [[5, 2000], [8, 2000]]); // biome-ignore format: one line reads best
    const slow = line('COMPARE', [[5100, 1e6], [5900, 1e6]]); // biome-ignore format: one line reads best
    const clear = line('EVALUATE-FOR', [[5, 100], [40, 100]]); // biome-ignore format: one line reads best
    const of = (...series: ReturnType<typeof line>[]) => ({ subject: 'OtherScientificTerm', object: 'Method', series });
    expect(kindFinding(of(flat, clear), '')).toEqual({ title: 'An Other term evaluates a Method: up from 5 % (2000) to 40 % (2001)', line: 'EVALUATE-FOR' });
    expect(kindFinding(of(flat), '').title).toBe(
      'An Other term is used for a Method in 51 % of the documents that name a Method, with no clear change over the years',
    );
    expect(kindFinding(of(rare), '').title).toContain('in under 1 % of');
    expect(kindFinding(of(slow), '').title).toContain('up from 0.51 % (2000) to 0.59 % (2001)');
    expect(kindFinding(of(), '')).toEqual({ title: 'No dated document says how an Other term relates to a Method', line: null });
    expect(kindFinding(of(), 'PART-OF').title).toBe('No dated document says that an Other term is part of a Method');
    const [, second] = kindLines(of(flat, clear));
    expect(kindLines(of(clear))).toEqual([second]);
    expect(kindTrendsCsv(of(clear)).split('\n').slice(0, 2)).toEqual([
      'subject,relation,object,year,documents,of,share',
      'OtherScientificTerm,EVALUATE-FOR,Method,2000,5,100,0.05',
    ]);
  });
});

describe('axes and words', () => {
  it('shorten counts where there is little room', () => {
    expect([0, 9_999, 31_361, 228_545].map(short)).toEqual(['0', '9\u202f999', '31.4K', '229K']);
  });

  it('takes at most as many ticks as asked, inside the range, evenly', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e4, noNaN: true }), fc.double({ min: 0.001, max: 1e4, noNaN: true }), (low, range) => {
        const made = ticks(low, low + range, 6);
        expect(made.length).toBeLessThanOrEqual(7);
        for (const tick of made) expect(tick).toBeGreaterThanOrEqual(low - range * 0.01);
      }),
    );
  });
  it('spreads labels without changing their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 8 }), (wanted) => {
        const placed = spreadLabels(wanted, 17, -1000, 300);
        const order = wanted.map((_, index) => index).sort((a, b) => placed[a]! - placed[b]!);
        for (let i = 1; i < order.length; i++) {
          expect(placed[order[i]!]! - placed[order[i - 1]!]!).toBeGreaterThan(16.99);
          expect(wanted[order[i]!]!).toBeGreaterThanOrEqual(wanted[order[i - 1]!]!);
        }
      }),
    );
  });
  it('says numbers and times', () => {
    expect(number(1234567)).toBe('1\u202f234\u202f567');
    expect([5, 200, 7300].map(duration)).toEqual(['5 s', '3 min 20 s', '2 h 1 min']);
    expect(['Task', 'Method', 'Unheard', '__proto__'].map(hueOf)).toEqual([1, 2, 8, 8]);
  });
});
