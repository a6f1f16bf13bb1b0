import { FormatError } from './errors.ts';
import type { Reading, Span } from './reading.ts';

/** Throws FormatError unless a reading is whole: identity, spans inside the text, indices that exist, scores in [0, 1]. */
export function checkReading(reading: Reading): void {
  const where = `reading ${String(reading.id).slice(0, 12)}`;
  const expect = (right: boolean, expected: string, got: unknown): void => {
    if (!right) throw new FormatError(`${where}: expected ${expected}, got ${describe(got)}; read the document again [FORMAT]`);
  };
  expect(typeof reading.id === 'string' && /^[0-9a-f]{64}$/.test(reading.id), 'a SHA-256 of 64 hexadecimal digits as id', reading.id);
  expect(reading.names.length > 0 && reading.names.every((name) => name !== ''), 'at least one name, none empty', reading.names);
  expect(reading.loader !== '' && reading.reader !== '', 'versions of loader and reader', [reading.loader, reading.reader]);
  expect(reading.year === undefined || (Number.isInteger(reading.year) && Math.abs(reading.year) < 10_000), 'a year', reading.year);
  const size = reading.text.length;
  const inside = (span: Span): boolean =>
    Number.isInteger(span.start) && Number.isInteger(span.end) && span.start >= 0 && span.start < span.end && span.end <= size;
  let end = 0;
  reading.sentences.forEach((span, index) => {
    expect(inside(span) && span.start >= end, `sentence ${index} inside ${size} characters and after the one before`, span);
    end = span.end;
  });
  reading.pages?.forEach((page, index) => {
    expect(
      Number.isInteger(page.page) && page.page >= 1 && page.start >= 0 && page.start <= page.end && page.end <= size,
      `page position ${index} inside the text`,
      page,
    );
  });
  const score = (value: number): boolean => value >= 0 && value <= 1;
  reading.mentions.forEach((mention, index) => {
    expect(inside(mention), `mention ${index} inside ${size} characters`, mention);
    expect(mention.kind !== '' && mention.kind.length <= 100 && score(mention.score), `mention ${index} with a kind and a score from 0 to 1`, mention);
  });
  const mention = (index: number): boolean => Number.isInteger(index) && index >= 0 && index < reading.mentions.length;
  reading.relations.forEach((relation, index) => {
    expect(mention(relation.subject) && mention(relation.object), `relation ${index} between mentions that exist`, relation);
    expect(relation.sentence >= 0 && relation.sentence < reading.sentences.length, `relation ${index} in a sentence that exists`, relation);
    expect(relation.label !== '' && relation.label.length <= 100 && score(relation.score), `relation ${index} with a label and a score from 0 to 1`, relation);
  });
  reading.clusters.forEach((cluster, index) => {
    expect(cluster.every(mention), `cluster ${index} of mentions that exist`, cluster);
  });
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
