import { basename } from 'node:path';
import { createRoute } from '@hono/zod-openapi';
import { NotFoundError } from '../../../core/index.ts';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { readRequestSchema, runSchema } from '../schema.ts';
import { runView } from '../view.ts';

const route = createRoute({
  method: 'post',
  path: '/api/read',
  summary: 'Read files and folders into the graph',
  request: { body: { required: true, content: { 'application/json': { schema: readRequestSchema } } } },
  responses: {
    202: { description: 'The run, which goes on by itself.', content: { 'application/json': { schema: runSchema } } },
    400: refusals[400],
    404: refusals[404],
    409: refusals[409],
    503: refusals[503],
  },
});

export const readRoute: Route = (app, { workspace, jobs, uploads, readOnly, notices }) => {
  app.openapi(route, async (c) => {
    if (readOnly)
      throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
    const body = c.req.valid('json');
    const dropped = body.uploads.map((id) => {
      const found = uploads?.find(id);
      if (!found) throw new NotFoundError(`uploads: expected the id of an upload, got ${id}; PUT /api/uploads first.`);
      return found;
    });
    await workspace.free?.();
    const paths = [...body.paths, ...dropped.map(({ path }) => path)];
    const names = [...body.paths.map((path) => basename(path) || path), ...dropped.map(({ name }) => name)];
    const title = names.length === 1 ? `Read ${names[0]}` : `Read ${names[0]} and ${names.length - 1} more`;
    const job = jobs.start({ kind: 'read', title }, async ({ signal, progress }) => {
      try {
        return await workspace.read(paths, { signal, onProgress: progress });
      } finally {
        notices.publish({ event: 'change', topics: ['documents', 'graph', 'merges'] });
      }
    });
    if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
    return c.json(runView(job), 202, { Location: `/api/runs/${job.id}` });
  });
};
