import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
};
const pages: ReadonlySet<string> = new Set(['/', '/adapt', '/inspect', '/guard', '/chat', '/runs', '/settings']);

interface Entry {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly packed: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly tag: string;
}

/** Serves the built page from memory, compressed once; only files that stood in the folder at the start exist. */
export function staticFiles(folder: string): MiddlewareHandler {
  const files = new Map<string, Entry>();
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const type = types[extname(entry.name)];
      if (!entry.isFile() || !type) continue;
      const path = join(entry.parentPath, entry.name);
      const plain = new Uint8Array(readFileSync(path));
      const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
      files.set(`/${relative(folder, path).split(sep).join('/')}`, { plain, packed: new Uint8Array(gzipSync(plain)), type, tag });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }

  return async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return next();
    const name = pages.has(c.req.path) ? '/index.html' : c.req.path;
    const file = files.get(name);
    if (!file) {
      if (name === '/index.html')
        return c.text('The page is not built: run `npm run build`, then start the server again. The data is at /api/openapi.json.\n', 503);
      return next();
    }
    c.header('ETag', file.tag);
    c.header('Content-Type', file.type);
    c.header('Vary', 'Accept-Encoding');
    c.header('Cache-Control', name.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (c.req.header('if-none-match') === file.tag) return c.body(null, 304);
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(file.plain);
    c.header('Content-Encoding', 'gzip');
    return c.body(file.packed);
  };
}
