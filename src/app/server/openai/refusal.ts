import type { Context } from 'hono';

export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 499 | 500 | 503;

export interface RefusalDetails {
  /** Stable. */
  readonly code: string;
  /** The field that is at fault, as `messages[0].content`. */
  readonly param?: string | undefined;
  readonly retryAfterSeconds?: number;
  /** Asking again would end the same way: tells clients that try by themselves. */
  readonly final?: boolean;
}

/** Why a request of the OpenAI form is not served. */
export class Refusal extends Error {
  readonly status: RefusalStatus;
  readonly details: RefusalDetails;
  constructor(status: RefusalStatus, message: string, details: RefusalDetails) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

const types: Readonly<Partial<Record<RefusalStatus, string>>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'server_error',
};

/** The body of an error as OpenAI has it. */
export const errorBody = ({ status, message, details: { code, param } }: Refusal) => ({
  error: { message, type: types[status] ?? 'invalid_request_error', param: param ?? null, code },
});

export function answerRefusal(c: Context, refusal: Refusal): Response {
  const { retryAfterSeconds, final } = refusal.details;
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  if (final) c.header('X-Should-Retry', 'false');
  return c.json(errorBody(refusal), refusal.status as 400); // 499, the client has gone, is none that hono knows
}

/** A field with a value that cannot be served. */
export const badField = (param: string, expected: string, got: unknown, advice: string, code = 'invalid_value'): Refusal =>
  new Refusal(400, `${param}: expected ${expected}, got ${brief(got)}; ${advice}`, { code, param });

/** Something that is OpenAI's and not ours. */
export const unsupported = (param: string, expected: string, got: unknown, advice: string): Refusal =>
  badField(param, expected, got, advice, 'unsupported_value');

const brief = (value: unknown): string => {
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null ? JSON.stringify(value) : undefined;
  if (text !== undefined) return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return Array.isArray(value) ? `a list of ${value.length}` : value === undefined ? 'nothing' : 'an object';
};

const refused = new Set(['CONFIG', 'FORMAT', 'SHAPE', 'UNSUPPORTED', 'NOT_FOUND']);

/** What a client is told of an error from below. What has no stable code is our bug, and says nothing of this machine. */
export const refusalOf = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error;
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  const message = error instanceof Error ? error.message : '';
  if (refused.has(code)) return new Refusal(400, message, { code: /\(the model's context\)/.test(message) ? 'context_length_exceeded' : code.toLowerCase() });
  if (code === 'ENGINE')
    return new Refusal(503, 'server: expected a running model, got one whose process ended; start `lyceum serve` again', { code: 'model_lost', final: true });
  if (code === 'CANCELLED')
    return new Refusal(503, 'server: this answer was cut, the server is closing; ask again later', { code: 'shutting_down', retryAfterSeconds: 5 });
  return new Refusal(500, 'internal: the server failed on this request; the terminal that runs it says why', { code: 'internal' });
};
