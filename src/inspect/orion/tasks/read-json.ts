import type { z } from 'zod';
import { FormatError } from '../../../core/index.ts';
import { shown } from '../table.ts';

/** A text as JSON. @throws FormatError where it is none */
export const readJson = (source: string, where: string): unknown => {
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new FormatError(`${where}: expected one JSON document, got ${shown(source.slice(0, 60))}; ${(cause as Error).message}`, { cause });
  }
};

const at = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined), given);

/** A document of a schema. @throws FormatError with the field, what was expected and found */
export const parseJson = <T>(json: unknown, where: string, schema: z.ZodType<T>): T => {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new FormatError(
    `${where}: ${path.join('.') || 'document'}: ${message}, got ${shown(at(json, path))}; docs/guide/orion-tasks.md says what fields hold, models/orion has examples`,
  );
};
