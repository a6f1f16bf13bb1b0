import type { Context } from 'hono';
import type { ServingEnv } from './context.ts';
import { Refusal } from './refusal.ts';

const deepest = 64;
const decoder = new TextDecoder('utf-8', { fatal: true });
const refuse = (message: string): Refusal => new Refusal(400, message, { code: 'invalid_json' });

/** Reads a JSON object from a request, within the bounds of its ticket; fields that are null count as absent. @throws Refusal */
export async function jsonBody(c: Context<ServingEnv>): Promise<Readonly<Record<string, unknown>>> {
  const ticket = c.get('ticket');
  // A text/plain POST needs no preflight, so it could come from any page.
  const type = (c.req.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json')
    throw new Refusal(415, `Content-Type: expected application/json, got ${JSON.stringify(type)}; set the header`, { code: 'unsupported_media_type' });
  const declared = Number(c.req.header('content-length') ?? 0);
  if (declared > 0) ticket.take(declared);
  const parts: Uint8Array[] = [];
  let length = 0;
  // Not cancelled when it is too long: that would close the connection before the answer is out.
  for await (const part of c.req.raw.body?.values({ preventCancel: true }) ?? []) {
    length += part.length;
    if (length > declared) ticket.take(part.length);
    parts.push(part);
  }
  ticket.bodyRead = true;
  let value: unknown;
  try {
    const text = decoder.decode(Buffer.concat(parts));
    if (isDeep(text)) throw new Error(`more than ${deepest} levels`);
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`body: expected JSON in UTF-8 of at most ${deepest} levels, got ${(error as Error).message.slice(0, 120)}; send one object`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('body: expected a JSON object, got another value; send one object');
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

const isDeep = (text: string): boolean => {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (quoted) {
      if (letter === '\\') at++;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '[' || letter === '{') {
      if (++depth > deepest) return true;
    } else if (letter === ']' || letter === '}') depth--;
  }
  return false;
};
