import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NotFoundError } from '../../core/index.ts';
import type { AdaptResult } from '../../report/index.ts';
import type { AdaptRun, AdaptRunDetails } from '../server/adapt-schema.ts';
import { readAsked } from './asked.ts';

const mostRuns = 200;
const mostPoints = 500;

interface RunFile {
  readonly kind: string;
  readonly config: { readonly method: { readonly kind: string }; readonly model: string; readonly from?: string };
  readonly data: Readonly<Record<string, string>>;
}
interface Line {
  readonly step: number;
  readonly loss: number;
  readonly dev?: { readonly loss: number };
}

const jsonOf = async <T>(path: string): Promise<T | undefined> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined; // none, or one that is being written elsewhere
  }
};

const resultOf = async (folder: string): Promise<AdaptResult | undefined> => {
  const given = await readFile(join(folder, 'result.json'), 'utf8').catch(() => undefined);
  if (given === undefined) return undefined;
  const { parseAdaptResult } = await import('../../report/index.ts'); // with it comes all that draws
  try {
    return parseAdaptResult(JSON.parse(given));
  } catch {
    return undefined; // of another version
  }
};

const linesOf = async (folder: string): Promise<Line[]> => {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line];
    } catch {
      return []; // the last one, while it is written
    }
  });
};

const scoreOf = (score: AdaptResult['task'] | AdaptResult['knowledge']): AdaptRun['task'] =>
  score && {
    metric: score.metric,
    n: score.n,
    before: score.before.value,
    after: score.after.value,
    difference: score.difference ? { low: score.difference.low, high: score.difference.high } : null,
  };

const describe = async (runsDir: string, name: string): Promise<{ run: AdaptRun; lines: Line[]; result: AdaptResult | undefined } | undefined> => {
  const folder = join(runsDir, name);
  const file = await jsonOf<RunFile>(join(folder, 'run.json'));
  if (file?.kind !== 'adapt') return undefined;
  const [result, lines, kept, { birthtimeMs, mtimeMs }] = await Promise.all([
    resultOf(folder),
    linesOf(folder),
    readAsked(folder).catch(() => undefined),
    stat(join(folder, 'run.json')),
  ]);
  const run: AdaptRun = {
    name,
    state: result ? 'finished' : 'unfinished',
    createdAt: new Date(birthtimeMs || mtimeMs).toISOString(),
    model: file.config.model,
    method: file.config.method.kind,
    from: file.config.from ?? null,
    data: basename(result?.data.path ?? kept?.asked.data ?? Object.keys(file.data)[0] ?? ''),
    step: lines.at(-1)?.step ?? 0,
    steps: kept?.steps ?? null,
    resumable: !result && kept !== undefined,
    verdict: result?.verdict ?? null,
    trainable: result?.trainable ?? null,
    seconds: result?.seconds ?? null,
    task: scoreOf(result?.task ?? null),
    knowledge: scoreOf(result?.knowledge ?? null),
  };
  return { run, lines, result };
};

/** Runs that teach a model, newest first; at most two hundred. */
export const listRuns = async (runsDir: string): Promise<AdaptRun[]> => {
  const entries = await readdir(runsDir, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  const runs = await Promise.all(names.slice(0, mostRuns).map((name) => describe(runsDir, name)));
  return runs.flatMap((found) => (found ? [found.run] : [])).sort((a, b) => b.createdAt.localeCompare(a.createdAt));
};

/** One of them, with its losses. @throws NotFoundError */
export const showRun = async (runsDir: string, name: string): Promise<AdaptRunDetails> => {
  const found = await describe(runsDir, name);
  if (!found) throw new NotFoundError(`runs: expected a run that teaches a model, got none called ${JSON.stringify(name)}; GET /api/adapt/runs lists them`);
  const { run, lines, result } = found;
  const every = Math.max(1, Math.ceil(lines.length / mostPoints));
  const curve =
    result?.loss ??
    lines.filter(({ dev }, i) => dev || i % every === 0).map(({ step, loss, dev }) => ({ step, train: loss, ...(dev && { heldOut: dev.loss }) }));
  return { ...run, curve: curve.map((point) => ({ ...point })) };
};
