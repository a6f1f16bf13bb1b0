import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { problem } from './problem.ts';

export interface Limits {
  readonly jsonBytes: number;
  readonly uploadBytes: number;
  /** Requests under way at once, streams not counted. */
  readonly openRequests: number;
  /** Requests that change something, in ten seconds. */
  readonly changesPerTenSeconds: number;
  readonly openStreams: number;
}

export const defaultLimits: Limits = { jsonBytes: 256 * 1024, uploadBytes: 64 * 1024 * 1024, openRequests: 64, changesPerTenSeconds: 200, openStreams: 48 };

const isStream = (path: string) => path.endsWith('/events');
const isUpload = (path: string) => path === '/api/uploads';

/** Bounds bodies, media types, requests under way and the rate of changes. */
export function limitRequests(limits: Limits): MiddlewareHandler[] {
  let open = 0;
  let changes = 0;
  let windowStart = 0;
  const tooLarge = (bytes: number) =>
    bodyLimit({
      maxSize: bytes,
      onError: (c) => problem(c, 413, 'TOO_LARGE', `body: expected at most ${bytes} bytes, got more; large files are read by path.`),
    });
  const json = tooLarge(limits.jsonBytes);
  const upload = tooLarge(limits.uploadBytes);

  const crowd: MiddlewareHandler = async (c, next) => {
    // Event streams are counted where they are opened.
    if (isStream(c.req.path)) return next();
    if (open >= limits.openRequests) return problem(c, 503, 'BUSY', `server: expected at most ${limits.openRequests} requests at once; try again.`, 1);
    open += 1;
    try {
      await next();
    } finally {
      open -= 1;
    }
  };

  const changing: MiddlewareHandler = async (c, next) => {
    const { method, path } = c.req;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return next();
    const now = Date.now();
    if (now - windowStart > 10_000) [windowStart, changes] = [now, 0];
    if (++changes > limits.changesPerTenSeconds)
      return problem(c, 429, 'RATE', 'server: expected fewer changes in ten seconds; wait and try again.', Math.ceil((windowStart + 10_000 - now) / 1000));
    if (method === 'DELETE') return next();
    // A text/plain POST needs no preflight, so it could come from any page; only what needs one is taken.
    const type = (c.req.header('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
    const wanted = isUpload(path) ? 'application/octet-stream' : 'application/json';
    if (type !== wanted) return problem(c, 415, 'MEDIA_TYPE', `Content-Type: expected ${wanted}, got ${JSON.stringify(type)}; set the header.`);
    return (isUpload(path) ? upload : json)(c, next);
  };
  return [crowd, changing];
}
