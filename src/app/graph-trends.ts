import { ConfigError, NotFoundError } from '../core/index.ts';
import { KINDS, type Store, type TrendPoint } from '../knowledge/index.ts';
import { type GraphOptions, oneEntity } from './graph.ts';
import { openWorkspace } from './workspace.ts';

interface TrendOptions extends GraphOptions {
  readonly method?: string;
  readonly task?: string;
  readonly kinds?: string;
  readonly relation?: string;
  readonly kind?: string;
  readonly venue?: string;
  readonly limit: number;
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const printJson = (value: unknown) => print(JSON.stringify(value));

/** What `lyceum graph trends` does: prints a relation of one entity, or the relations between two kinds of entity, over the years. Answers the exit code. */
export async function trends(options: TrendOptions): Promise<number> {
  const { dir, method, task, kinds } = options;
  if ([method, task, kinds].filter((one) => one !== undefined).length !== 1)
    throw new ConfigError(
      'graph trends: expected one of --method NAME, --task NAME and --kinds SUBJECT,OBJECT; for example --method "neural network" or --kinds Method,Task',
    );
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  return await (kinds === undefined ? trendsOfEntity(workspace.store, options) : trendsOfKinds(workspace.store, kinds, options));
}

async function trendsOfEntity(store: Store, { json, method, task, relation = 'USED-FOR', kind, venue, limit }: TrendOptions): Promise<number> {
  const entity = await oneEntity(store, method ?? task!);
  const role = method === undefined ? 'object' : 'subject';
  const found = await store.trends({
    entity: entity.id,
    relation,
    role,
    limit,
    ...(kind === undefined ? {} : { kind }),
    ...(venue === undefined ? {} : { venue }),
  });
  if (json) printJson({ entity: entity.name, relation, role, series: found.map(({ entity: { name, kind }, points }) => ({ name, kind, points })) });
  else
    draw(
      `${role === 'subject' ? `${entity.name} ${relation} …` : `… ${relation} ${entity.name}`}: share of each year's papers that name the one on the left, per year`,
      found.map((one) => ({ name: one.entity.name, points: one.points })),
    );
  return 0;
}

async function trendsOfKinds(store: Store, kinds: string, { json, relation, kind, venue, limit }: TrendOptions): Promise<number> {
  const [subject, object, ...more] = kinds.split(',').map((one) => one.trim());
  if (!subject || !object || more.length > 0)
    throw new ConfigError(
      `graph trends: --kinds: expected the subjects' kind and the objects', separated by a comma, got ${JSON.stringify(kinds)}; for example Method,Task`,
    );
  if (kind !== undefined) throw new ConfigError('graph trends: --kind: expected with --method or --task, got it with --kinds; leave it out');
  for (const one of [subject, object])
    if ((await store.entities({ kind: one, limit: 1 })).length === 0)
      throw new NotFoundError(`graph trends: --kinds: expected a kind that an entity of the graph has, got ${JSON.stringify(one)}; ${await kindsOf(store)}`);
  const found = await store.kindTrends({ subject, object, ...(relation === undefined ? {} : { relation }), ...(venue === undefined ? {} : { venue }) });
  const series = found.slice(0, limit);
  if (json) printJson({ subject, object, series });
  else
    draw(
      `${subject} … ${object}: share of each year's papers that name a ${object}, per year`,
      series.map((one) => ({ name: one.relation, points: one.points })),
    );
  return 0;
}

/** The kinds that the graph has, in words. Generic is none of them: such a mention stands for an entity of another kind, or for none. */
async function kindsOf(store: Store): Promise<string> {
  const kinds = new Set((await store.arrays()).kinds);
  const usual = KINDS.filter((kind) => kinds.delete(kind));
  const all = [...usual, ...[...kinds].sort()];
  return all.length > 0 ? `kinds are ${all.join(', ')}` : 'it has no entity yet; read documents first';
}

/** One line of bars a series, the years below. */
function draw(title: string, series: readonly { readonly name: string; readonly points: readonly TrendPoint[] }[]): void {
  print(title);
  const years = [...new Set(series.flatMap((one) => one.points.map(({ year }) => year)))].sort((a, b) => a - b);
  if (years.length === 0) {
    print('no dated document says so; documents need a year (JSON Lines with a "year" field)');
    return;
  }
  const top = Math.max(...series.flatMap((one) => one.points.map(({ share }) => share)), 1e-9);
  const width = Math.min(44, Math.max(...series.map((one) => one.name.length)));
  for (const { name, points } of series) {
    const shares = new Map(points.map(({ year, share }) => [year, share]));
    const bars = years.map((year) => ' ▁▂▃▄▅▆▇█'[Math.ceil((8 * (shares.get(year) ?? 0)) / top)]).join('');
    const documents = points.reduce((sum, point) => sum + point.documents, 0);
    print(`${name.slice(0, width).padEnd(width)}  ${bars}  ${documents} document${documents === 1 ? '' : 's'}`);
  }
  print(`${' '.repeat(width)}  ${years[0]}${String(years.at(-1)).padStart(Math.max(5, years.length - 4))}   full height = ${(100 * top).toFixed(1)} %`);
}
