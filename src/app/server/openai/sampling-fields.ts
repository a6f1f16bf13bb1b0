import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { guardPolicies } from '../../../guard/index.ts';
import type { TextRequest } from '../../language-model/index.ts';
import { badField, Refusal, unsupported } from './refusal.ts';

export const mostChoices = 16;
const tokens = z.int().min(1);
const topK = z.int().min(0);
const share = z.number().min(0).max(1);
const repetition = z.number().min(0.01).max(10);

/** Fields that `/v1/chat/completions` and `/v1/completions` share. */
export const samplingFields = {
  model: z.string().min(1).max(500),
  max_tokens: tokens.optional(),
  temperature: z.number().min(0).max(2).default(1),
  top_p: z.number().min(0).max(1).default(1),
  presence_penalty: z.number().min(-2).max(2).default(0),
  frequency_penalty: z.number().min(-2).max(2).default(0),
  logit_bias: z.record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100)).default({}),
  n: z.int().min(1).max(mostChoices).default(1),
  seed: z.number().optional(),
  stop: z.union([z.string().max(1000), z.array(z.string().max(1000)).max(4)]).default([]),
  stream: z.boolean().default(false),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).optional(),
  user: z.string().max(1000).default(''),
  // OpenAI has none of these; other servers do, and clients of theirs send them. −1 is vLLM's for "all tokens".
  top_k: z.union([z.literal(-1), topK]).nullish(),
  min_p: share.nullish(),
  repetition_penalty: repetition.nullish(),
  repeat_penalty: repetition.nullish(),
  lyceum: z
    .strictObject({
      topK: topK.optional(),
      minP: share.optional(),
      repetitionPenalty: repetition.optional(),
      guard: z.enum(['off', ...guardPolicies]).optional(),
    })
    .default({}),
};
type Fields = z.output<z.ZodObject<typeof samplingFields>>;

/** Parses a body. @throws Refusal that names the field */
export const parseBody = <Shape extends z.ZodType>(schema: Shape, body: unknown): z.output<Shape> => {
  const found = schema.safeParse(body);
  if (found.success) return found.data;
  const issue = found.error.issues[0]!;
  const param = issue.path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');
  throw new Refusal(400, `${param || 'body'}: ${issue.message}`, { code: 'invalid_value', param: param || undefined });
};

/** Refuses fields that would change the answer and are not obeyed here; the rest that is unknown is ignored. `harmless` are values that ask for nothing. */
export const refuseFields = (body: Readonly<Record<string, unknown>>, harmless: Readonly<Record<string, readonly unknown[]>>): void => {
  for (const [name, values] of Object.entries(harmless)) {
    const value = body[name];
    const asksNothing =
      value === undefined || (Array.isArray(value) && value.length === 0) || values.some((one) => JSON.stringify(one) === JSON.stringify(value));
    if (!asksNothing) throw unsupported(name, values.length > 0 ? `one of ${JSON.stringify(values)}` : 'none', value, 'this server cannot do it; leave it out');
  }
};

/** Our request's sampling, of the choice with this index. Without a seed another answer comes each time. */
export const samplingOf = (fields: Fields): ((index: number) => Partial<TextRequest>) => {
  const seed = fields.seed === undefined ? randomInt(2 ** 47) : Math.trunc(fields.seed % 2 ** 47);
  if (!Number.isSafeInteger(seed)) throw badField('seed', 'a whole number', fields.seed, 'send another');
  const bias = Object.entries(fields.logit_bias);
  const { topK, minP, repetitionPenalty, guard } = {
    topK: fields.top_k === -1 ? 0 : (fields.top_k ?? undefined),
    minP: fields.min_p ?? undefined,
    repetitionPenalty: fields.repetition_penalty ?? fields.repeat_penalty ?? undefined,
    ...fields.lyceum,
  };
  const sampling = {
    speculate: fields.seed === undefined,
    temperature: fields.temperature,
    topP: fields.top_p,
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    ...(bias.length > 0 && { logitBias: new Map(bias.map(([id, by]) => [Number(id), by])) }),
    stop: [fields.stop].flat().filter((text) => text !== ''),
    ...(topK !== undefined && { topK }),
    ...(minP !== undefined && { minP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(guard !== undefined && { guard }),
  };
  return (index) => ({ ...sampling, seed: (seed + index * 2 ** 32) % 2 ** 53 });
};
