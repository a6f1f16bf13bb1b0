import { z } from 'zod';
import type { ServingRoute } from '../context.ts';
import { jsonBody } from '../json-body.ts';
import { badField, unsupported } from '../refusal.ts';
import { startRun } from '../run.ts';
import { parseBody } from '../sampling-fields.ts';
import { requireModel } from '../served-models.ts';

const mostTexts = 2048;
const atOnce = 32; // texts between which a request that nobody waits for can end

const schema = z.object({
  model: z.string().min(1).max(500),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().min(1).optional(),
  user: z.string().max(1000).default(''),
});

const textsOf = (input: unknown): string[] => {
  const all: unknown[] = Array.isArray(input) ? input : [input];
  if (all.length > 0 && all.every((one) => typeof one === 'number' || Array.isArray(one)))
    throw unsupported('input', 'texts', input, 'token ids of another model mean nothing here; in LangChain set check_embedding_ctx_length=False');
  if (all.length === 0 || all.length > mostTexts) throw badField('input', `1 to ${mostTexts} texts`, input, 'send them in several requests');
  for (const [i, text] of all.entries())
    if (typeof text !== 'string' || text === '')
      throw badField(Array.isArray(input) ? `input[${i}]` : 'input', 'a text that is not empty', text, 'leave it out');
  return all as string[];
};

/** `POST /v1/embeddings`. */
export const embeddingsRoute: ServingRoute = (app, serving) =>
  app.post('/v1/embeddings', async (c) => {
    const body = await jsonBody(c);
    const fields = parseBody(schema, body);
    requireModel(serving, fields.model, 'embed');
    const texts = textsOf(body['input']);
    using run = startRun(c, serving, serving.embeddings, fields.user, 1);
    const { metrics } = serving;
    await run.places[0]!.turn(run.signal);
    const embedder = await serving.embedder!.open();
    if (fields.dimensions !== undefined && fields.dimensions !== embedder.width)
      throw unsupported('dimensions', String(embedder.width), fields.dimensions, 'vectors of this model have one length; leave it out');
    const vectors: Float32Array[] = [];
    let tokens = 0;
    for (let at = 0; at < texts.length; at += atOnce) {
      run.signal.throwIfAborted();
      const part = texts.slice(at, at + atOnce);
      vectors.push(...(await embedder.embed(part)));
      tokens += await embedder.countTokens(part);
    }
    run.signal.throwIfAborted();
    metrics.embeddedTexts.add(texts.length);
    metrics.embedSeconds.observe((performance.now() - run.startedMs) / 1000);
    const spell = (vector: Float32Array) =>
      fields.encoding_format === 'base64' ? Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64') : [...vector];
    return c.json({
      object: 'list',
      data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: spell(vector) })),
      model: fields.model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  });
