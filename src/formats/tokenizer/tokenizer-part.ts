import type { z } from 'zod';
import { FormatError, UnsupportedError } from '../../core/index.ts';

/** A part of a tokenizer.json: `{ "type": …, … }`. */
export interface Part {
  readonly type: string;
}

/**
 * Checks a part against the schema of its type.
 *
 * @throws UnsupportedError for a type that is not among the schemas · FormatError where the part is not what its schema says
 */
export const readPart = <S extends Readonly<Record<string, z.ZodType>>>(part: Part, schemas: S, where: string): z.output<S[keyof S]> => {
  if (!Object.hasOwn(schemas, part.type))
    throw new UnsupportedError(
      `${where}: expected one of ${Object.keys(schemas).join(', ')}, got ${part.type.slice(0, 40)}; use a model with a plainer tokenizer`,
    );
  const parsed = schemas[part.type]!.safeParse(part);
  if (parsed.success) return parsed.data as z.output<S[keyof S]>;
  const [issue] = parsed.error.issues;
  throw new FormatError(
    `${where}: expected a ${part.type}, got at ${issue?.path.join('.').slice(0, 100) || 'the top'}: ${issue?.message.slice(0, 200)}; fetch the tokenizer again`,
  );
};
