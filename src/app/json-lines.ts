import type { z } from 'zod';
import { FormatError } from '../core/index.ts';

/** The records of a JSON Lines text, each by a strict schema; blank lines are passed over. @throws FormatError naming the line and what is wrong with it */
export const parseJsonLines = <T>(text: string, name: string, schema: z.ZodType<T>): T[] =>
  text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const where = `${name}: line ${i + 1}`;
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      throw new FormatError(`${where}: expected a JSON object, got ${JSON.stringify(line.slice(0, 40))}; the file holds one JSON document a line`);
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return [parsed.data];
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${where}: expected a record that fits, got ${issue!.path.length > 0 ? `${issue!.path.join('.')}: ` : ''}${issue!.message}; see --help for what a line holds`,
    );
  });
