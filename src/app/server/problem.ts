import type { Context } from 'hono';
import { fileError } from '../file-error.ts';
import { problemSchema } from './schema.ts';

type Status = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 503 | 507;

/** A refusal in the one form that all refusals have. */
export function problem(c: Context, status: Status, code: string, message: string, retryAfterSeconds?: number): Response {
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  return c.json({ error: { code, message } }, status);
}

const statusOf: Readonly<Record<string, Status>> = {
  NOT_FOUND: 404,
  FORMAT: 400,
  CONFIG: 400,
  SHAPE: 400,
  UNSUPPORTED: 422,
  BUSY: 503,
  READ_ONLY: 409,
  STORAGE: 507,
};

/** The answer to an error thrown by a room below; what has no stable code is our bug and says so without details of this machine. */
export function errorAnswer(c: Context, thrown: unknown): Response {
  const error = isOurDisk(thrown) ? fileError(thrown, 'workspace') : thrown;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const status = statusOf[code];
  if (!(error instanceof Error) || status === undefined)
    return problem(c, 500, 'INTERNAL', 'internal: the server failed on this request; the terminal that runs it says why.');
  // Messages end with their code for terminals; here it stands beside them.
  return problem(c, status, code, error.message.replace(/ \[[A-Z_]+\]$/, ''), status === 503 ? 2 : undefined);
}

const isOurDisk = (error: unknown): boolean => ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS'].includes(String((error as { code?: unknown } | null)?.code));

const refusal = (description: string) => ({ description, content: { 'application/json': { schema: problemSchema } } });

/** Refusals that any route may answer, for its description. */
export const refusals = {
  400: refusal('The request is not what this description asks for.'),
  404: refusal('There is no such thing.'),
  409: refusal('The workspace is open for reading only.'),
  429: refusal('Too many requests; try again after `Retry-After` seconds.'),
  503: refusal('Busy; try again after `Retry-After` seconds.'),
} as const;
