import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestSegment, segmentsOf } from './segments.ts';

const texts = (document: string): string[] => segmentsOf(document).map(({ text }) => text);

// Words, marks, breaks and long runs, so that every rule of the splitter is met.
const document = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'The meeting is on Monday. ',
        'Hi,',
        '\n',
        '\n\n',
        '\r\n',
        '\u2028',
        '```\n',
        '    x = 1\n',
        '| a | b | c |\n',
        '. ',
        '🙂',
        'ж',
        '？',
        '\t',
        '~~~py\n',
      ),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.nat(900).map((length) => 'y'.repeat(length)),
      fc.nat(200).map((length) => '🙂'.repeat(length)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('segments', () => {
  it('hold every character that is not white space, once and in order, and are never empty or too long', () => {
    fc.assert(
      fc.property(document, (text) => {
        let at = 0;
        for (const segment of segmentsOf(text)) {
          expect(segment.start).toBeGreaterThanOrEqual(at);
          expect(text.slice(at, segment.start).trim()).toBe('');
          expect(segment.text).toBe(text.slice(segment.start, segment.end));
          expect(segment.text.trim()).toBe(segment.text);
          expect(segment.text.length).toBeGreaterThan(0);
          expect(segment.text.length).toBeLessThanOrEqual(longestSegment);
          expect(segment.text).not.toMatch(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/);
          at = segment.end;
        }
        expect(text.slice(at).trim()).toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('are those of the document whatever stands far before it', () => {
    const after = 'The bridge was closed in June. It opened again in May.';
    expect(texts(`The museum has two floors.\n\n${after}`).slice(1)).toEqual(texts(after));
  });

  it('are sentences and lines', () => {
    expect(texts('The harbour froze in March. No ship left!\nThe mayor wrote to the king')).toEqual([
      'The harbour froze in March.',
      'No ship left!',
      'The mayor wrote to the king',
    ]);
    expect(texts('Reply to this email.If not, call us.')).toEqual(['Reply to this email.', 'If not, call us.']);
  });

  it('are rows of a table, and code with its fence', () => {
    expect(texts('| City | Inhabitants |\n| Ghent | 265 000 |\nUse this:\n```\nimport os\n\nos.listdir()\n```\nThen the list is printed.')).toEqual([
      '| City | Inhabitants |',
      '| Ghent | 265 000 |',
      'Use this:',
      '```\nimport os\n\nos.listdir()\n```',
      'Then the list is printed.',
    ]);
    expect(texts('def area(width):\n    return width * 2\n\nThe call above fails on text.')).toEqual([
      'def area(width):\n    return width * 2',
      'The call above fails on text.',
    ]);
  });

  it('take tiny pieces to a neighbour of the same paragraph', () => {
    expect(texts('Hi Ada,\nThe parcel came today. Thanks!\n\nBob')).toEqual(['Hi Ada,\nThe parcel came today. Thanks!', 'Bob']);
  });

  it('are none in an empty document', () => {
    expect(texts(' \n\t\n')).toEqual([]);
  });
});
