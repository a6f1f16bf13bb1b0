import { badField, unsupported } from './refusal.ts';

/**
 * SEAM: the grammar. What `response_format` asks of the answer's text, as the field of a TextRequest that will carry it to the generator's TokenMask.
 * Until `src/generate/grammar` is wired, only free text is served; everything else is refused, never imitated.
 *
 * @throws Refusal
 */
export const maskRequestOf = (format: unknown): Record<string, never> => {
  if (format === undefined) return {};
  const type = (format as { type?: unknown } | null)?.type;
  if (type === 'text') return {};
  if (type === 'json_object' || type === 'json_schema')
    throw unsupported('response_format.type', '"text"', type, 'answers bound to a form are not served yet; leave response_format out');
  throw badField('response_format.type', '"text", "json_object" or "json_schema"', type, 'see the guide');
};
