import type { z } from 'zod';
import { FormatError } from './errors.ts';

/** A value as messages show it. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined), value);

/** A record, and where it stands: `dev.jsonl line 3`. */
export interface Line<T> {
  readonly where: string;
  readonly value: T;
}

/**
 * The records of a JSON Lines text; blank lines are passed over.
 *
 * @param name  what messages call the file
 * @param hint  what messages end with: what a line holds
 * @throws FormatError with line, field, what was expected and found; or where there is no record
 */
export const parseJsonLines = <T>(text: string, name: string, schema: z.ZodType<T>, hint: string): Line<T>[] => {
  const lines: Line<T>[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue;
    const where = `${name} line ${index + 1}`;
    let raw: unknown;
    try {
      raw = JSON.parse(line);
    } catch (cause) {
      throw new FormatError(`${where}: expected one JSON document, got ${shown(line.slice(0, 60))}; write one document a line (JSON Lines)`, { cause });
    }
    const parsed = schema.safeParse(raw);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new FormatError(`${where}: ${issue.path.join('.') || 'document'}: ${issue.message}, got ${shown(at(raw, issue.path))}; ${hint}`);
    }
    lines.push({ where, value: parsed.data });
  }
  if (lines.length === 0) throw new FormatError(`${name}: expected at least one document, got none; check that this is the right file`);
  return lines;
};

/** @throws FormatError where two records share a key */
export const expectOnce = <T>(lines: readonly Line<T>[], field: string, keyOf: (value: T) => string): void => {
  const seen = new Map<string, string>();
  for (const { where, value } of lines) {
    const before = seen.get(keyOf(value));
    if (before !== undefined)
      throw new FormatError(`${where}: expected every ${field} once, got ${shown(keyOf(value))} as in ${before}; remove one of the two`);
    seen.set(keyOf(value), where);
  }
};
