import type { z } from 'zod';
import { ConfigError } from '../core/index.ts';

/** Options of a method as its schema fills them in. @throws ConfigError naming every key that does not fit */
export const optionsOf = <T extends z.ZodType>(kind: string, schema: T, given: unknown): z.infer<T> => {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`);
  throw new ConfigError(`${kind}: ${problems.join('; ')}; see the options of ${kind} in the guide`);
};
