import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRoute, z } from '@hono/zod-openapi';
import { compareSchema, matrixQuerySchema, matrixSchema, runNameSchema } from '../adapt-schema.ts';
import type { Route } from '../context.ts';
import { refusals } from '../problem.ts';
import { sendReport } from '../send-report.ts';

const page = { description: 'A page that needs nothing else and runs nothing.', content: { 'text/html': { schema: z.string() } } };
const others = { 400: refusals[400], 404: refusals[404] };

const report = createRoute({
  method: 'get',
  path: '/api/adapt/runs/{name}/report',
  summary: 'What a run gained and what it lost, to be read',
  request: { params: runNameSchema },
  responses: { 200: page, ...others },
});
const result = createRoute({
  method: 'get',
  path: '/api/adapt/runs/{name}/result',
  summary: 'The figures of the report, as `result.json` holds them',
  request: { params: runNameSchema },
  responses: { 200: { description: 'The figures.', content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } } }, ...others },
});
const comparison = createRoute({
  method: 'get',
  path: '/api/adapt/compare',
  summary: 'Runs side by side, to be read',
  request: { query: compareSchema },
  responses: { 200: page, ...others },
});

const matrix = createRoute({
  method: 'get',
  path: '/api/adapt/matrix',
  summary: 'What learning one task after another did to each, once it is measured',
  request: { query: matrixQuerySchema },
  responses: { 200: { description: 'The scores.', content: { 'application/json': { schema: matrixSchema } } }, ...others },
});

export const adaptReportRoute: Route = (app, { adapting }) => {
  const fileOf = async (name: string, file: string): Promise<string> => readFile(join(await adapting.finished(name), file), 'utf8');
  app.openapi(report, async (c) => sendReport(c, await fileOf(c.req.valid('param').name, 'report.html')));
  app.openapi(result, async (c) => c.json(JSON.parse(await fileOf(c.req.valid('param').name, 'result.json')) as Record<string, never>, 200));
  app.openapi(comparison, async (c) => {
    const { run, matrix: wanted } = c.req.valid('query');
    return sendReport(c, await adapting.compare(run, { matrix: wanted === 'true' }));
  });
  app.openapi(matrix, async (c) => c.json(await adapting.matrix(c.req.valid('query').run), 200));
};
