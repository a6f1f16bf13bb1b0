import { badField } from './refusal.ts';

/**
 * What `response_format` asks of the answer's text, as a field of a TextRequest. A schema that cannot be kept to is refused by the model.
 *
 * @throws Refusal
 */
export const maskRequestOf = (format: unknown): { schema?: unknown } => {
  if (format === undefined) return {};
  const { type, json_schema: named } = (format ?? {}) as { type?: unknown; json_schema?: { schema?: unknown } | null };
  if (type === 'text') return {};
  if (type === 'json_object') return { schema: { type: 'object' } };
  if (type !== 'json_schema') throw badField('response_format.type', '"text", "json_object" or "json_schema"', type, 'see the guide');
  const schema = named?.schema;
  if (typeof schema !== 'object' || schema === null) throw badField('response_format.json_schema.schema', 'a JSON Schema', schema, 'see the guide');
  return { schema };
};
