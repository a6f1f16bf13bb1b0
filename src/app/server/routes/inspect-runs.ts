// What looks into a model for minutes: begun as a run, and read when it has finished, as figures or as a page.
import { createRoute, z } from '@hono/zod-openapi';
import { BusyError, ReadOnlyError } from '../../../knowledge/index.ts';
import type { Job, Work } from '../../jobs.ts';
import type { ServerContext } from '../context.ts';
import { modelQuerySchema } from '../inspect-schema.ts';
import { refusals } from '../problem.ts';
import { runSchema } from '../schema.ts';

const noWriter = { ...refusals[400], description: 'It is no model that writes text.' };
const asked = { 400: refusals[400], 404: refusals[404], 422: noWriter };

/** `POST path`. */
export const beginRoute = <const P extends string, S extends z.ZodType>(
  path: P,
  schema: S,
  { summary, description, run }: { readonly summary: string; readonly description: string; readonly run: string },
) =>
  createRoute({
    method: 'post',
    path,
    summary,
    description,
    request: { body: { required: true, content: { 'application/json': { schema } } } },
    responses: { 202: { description: run, content: { 'application/json': { schema: runSchema } } }, ...asked, 409: refusals[409], 503: refusals[503] },
  });

/** `GET path?model=M`. */
export const resultRoute = <const P extends string, S extends z.ZodType>(path: P, schema: S, summary: string) =>
  createRoute({
    method: 'get',
    path,
    summary,
    request: { query: modelQuerySchema },
    responses: { 200: { description: 'The figures.', content: { 'application/json': { schema } } }, ...asked },
  });

/** `GET path/report?model=M`. */
export const reportRoute = <const P extends string>(path: P) =>
  createRoute({
    method: 'get',
    path: `${path}/report`,
    summary: 'The same, to be read',
    request: { query: modelQuerySchema },
    responses: { 200: { description: 'A page that needs nothing else and runs nothing.', content: { 'text/html': { schema: z.string() } } }, ...asked },
  });

/** @throws ReadOnlyError · BusyError where too many runs wait */
export const beginInspecting = (
  { jobs, readOnly }: Pick<ServerContext, 'jobs' | 'readOnly'>,
  { model, title }: { readonly model: string; readonly title: string },
  work: Work,
): Job => {
  if (readOnly)
    throw new ReadOnlyError('workspace: expected one open for writing, got a read-only one; give rights to write to its folder, then open it again.');
  const job = jobs.start({ kind: 'inspect', title, subject: model }, work);
  if (!job) throw new BusyError('runs: expected fewer runs waiting; let one end, then try again.', null);
  return job;
};
