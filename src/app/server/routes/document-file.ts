import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createRoute, z } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import type { Route, ServerContext } from '../context.ts';
import { refusals } from '../problem.ts';
import { safeName } from '../uploads.ts';

const largestBytes = 256 * 1024 ** 2;

/** Where the bytes of a document are said to lie; null where nobody knows. */
export const fileOf = async ({ uploads, workspace }: ServerContext, id: string): Promise<string | null> =>
  uploads?.findByHash(id)?.path ?? (await workspace.fileOf?.(id)) ?? null;

const route = createRoute({
  method: 'get',
  path: '/api/documents/{id}/file',
  summary: 'The bytes a document was read from, where they still exist unchanged',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: {
    200: {
      description: 'The bytes: a PDF to look at, anything else to download.',
      content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    404: refusals[404],
  },
});

export const documentFileRoute: Route = (app, context) => {
  app.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const document = await context.workspace.store.document(id);
    const path = await fileOf(context, id);
    const size =
      path === null
        ? 0
        : await stat(path).then(
            ({ size: bytes }) => bytes,
            () => 0,
          );
    const bytes = path !== null && size > 0 && size <= largestBytes ? await readFile(path) : null;
    if (!bytes || createHash('sha256').update(bytes).digest('hex') !== id) {
      throw new NotFoundError(`document file: expected the bytes of ${document.names[0] ?? id}, got none or others; read the file again.`);
    }
    // A hostile HTML or SVG document must never run as a page of this server.
    const isPdf = bytes.subarray(0, 5).toString('latin1') === '%PDF-';
    const name = safeName(document.names[0] ?? 'document').replaceAll(/[^\x20-\x7e]|["\\]/g, '_');
    c.header('Content-Disposition', `${isPdf ? 'inline' : 'attachment'}; filename="${name}"`);
    c.header('Content-Type', isPdf ? 'application/pdf' : 'application/octet-stream');
    return c.body(new Uint8Array(bytes), 200);
  });
};
