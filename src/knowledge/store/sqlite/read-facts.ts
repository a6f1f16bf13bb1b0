import type { SQLInputValue } from 'node:sqlite';
import { NotFoundError } from '../../errors.ts';
import { SYMMETRIC } from '../../reading.ts';
import type { Fact, FactQuery, FactSource } from '../contract.ts';
import { documentNumber, type EntityRow, entityByNumber, entityRow, pageAt, round4, summary, textsOf } from './rows.ts';
import type { Sql } from './sql.ts';

export interface FactRow {
  readonly s: number;
  readonly label: number;
  readonly o: number;
  readonly support: number;
  readonly documents: number;
  readonly weight: number;
}

const BEST = 'documents DESC, support DESC, weight DESC, s, label, o';

/** Score of a fact from its summed weight. */
export function scoreOf(weight: number): number {
  return Math.min(0.9999, round4(-Math.expm1(-weight / 1e6)));
}

export function labelsOf(sql: Sql): ReadonlyMap<number, string> {
  return new Map(sql.all<{ id: number; label: string }>('SELECT id, label FROM label').map(({ id, label }) => [id, label]));
}

/** Facts, best supported first. */
export function queryFacts(sql: Sql, query: FactQuery): Fact[] {
  const { limit = 100, offset = 0 } = query;
  const reach = limit + offset;
  const conditions: string[] = ['hidden = 0'];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...given: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  if (query.relation !== undefined) where('label = (SELECT id FROM label WHERE label = ?)', query.relation);
  if (query.minSupport !== undefined) where('support >= ?', query.minSupport);
  if (query.document !== undefined) where('(s, label, o) IN (SELECT s, label, o FROM relation WHERE doc = ?)', documentNumber(sql, query.document));
  if (query.kind !== undefined)
    where('(SELECT kind FROM entity WHERE entity = s) = ? OR (SELECT kind FROM entity WHERE entity = o) = ?', query.kind, query.kind);
  const symmetric = "label IN (SELECT id FROM label WHERE label IN ('COMPARE', 'CONJUNCTION'))";
  const number = (id: string): number => entityRow(sql, id).entity;
  const anchors: [string, number[]][] = [];
  if (query.entity !== undefined) anchors.push(['s = ?', [number(query.entity)]], ['o = ?', [number(query.entity)]]);
  else if (query.subject !== undefined && query.object !== undefined) {
    const [s, o] = [number(query.subject), number(query.object)];
    anchors.push(['s = ? AND o = ?', [s, o]], [`s = ? AND o = ? AND ${symmetric}`, [o, s]]);
  } else if (query.subject !== undefined) anchors.push(['s = ?', [number(query.subject)]], [`o = ? AND ${symmetric}`, [number(query.subject)]]);
  else if (query.object !== undefined) anchors.push(['o = ?', [number(query.object)]], [`s = ? AND ${symmetric}`, [number(query.object)]]);
  else anchors.push(['TRUE', []]);
  const branch = (anchor: string): string =>
    `SELECT * FROM (SELECT s, label, o, support, documents, weight FROM fact WHERE ${anchor} AND ${conditions.map((c) => `(${c})`).join(' AND ')} ORDER BY ${BEST} LIMIT ?)`;
  const rows = sql.all<FactRow>(
    `${anchors.map(([anchor]) => branch(anchor)).join(' UNION ALL ')} ORDER BY ${BEST} LIMIT ? OFFSET ?`,
    ...anchors.flatMap(([, given]) => [...given, ...values, reach]),
    limit,
    offset,
  );
  return describeFacts(sql, rows, query.sources ?? 0);
}

/** One fact by its id; ids stay good when one of its entities is merged into another. */
export function factById(sql: Sql, id: string): Fact {
  const [subject = '', relation = '', object = ''] = id.split(':');
  const label = sql.get<{ id: number }>('SELECT id FROM label WHERE label = ?', decodeLabel(relation))?.id;
  const at = (hash: string): number | undefined => sql.get<{ entity: number }>('SELECT entity FROM key WHERE hash = ?', hash)?.entity;
  const [s, o] = [at(subject), at(object)];
  const select = 'SELECT s, label, o, support, documents, weight FROM fact WHERE s = ? AND label = ? AND o = ?';
  let row: FactRow | undefined;
  if (label !== undefined && s !== undefined && o !== undefined) {
    row = sql.get<FactRow>(select, s, label, o);
    if (!row && SYMMETRIC.has(decodeLabel(relation))) row = sql.get<FactRow>(select, o, label, s);
  }
  if (!row) throw new NotFoundError(`fact ${JSON.stringify(id)}: expected a fact of this graph, got none; list the facts of an entity [NOT_FOUND]`);
  return describeFacts(sql, [row], Number.MAX_SAFE_INTEGER)[0]!;
}

function decodeLabel(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function factId(subject: string, relation: string, object: string): string {
  return `${subject}:${encodeURIComponent(relation)}:${object}`;
}

function describeFacts(sql: Sql, rows: readonly FactRow[], sources: number): Fact[] {
  const labels = labelsOf(sql);
  const entities = new Map<number, EntityRow>();
  const entity = (number: number): EntityRow => {
    let row = entities.get(number);
    if (!row) {
      row = entityByNumber(sql, number);
      entities.set(number, row);
    }
    return row;
  };
  const text = textsOf(sql);
  return rows.map((row) => {
    const relation = labels.get(row.label)!;
    const [s, o] = [entity(row.s), entity(row.o)];
    // without a direction, the name that sorts first is the subject: entity numbers depend on history, names do not
    const [subject, object] = SYMMETRIC.has(relation) && s.canonical > o.canonical ? [o, s] : [s, o];
    // the planner, which has no statistics, would walk all facts of a hub
    const between = sql.all<{ s: number; label: number; support: number; documents: number }>(
      `SELECT s, label, support, documents FROM fact INDEXED BY sqlite_autoindex_fact_1 WHERE s = ?1 AND o = ?2 AND label IN (SELECT id FROM label) AND hidden = 0
       UNION ALL SELECT s, label, support, documents FROM fact INDEXED BY sqlite_autoindex_fact_1 WHERE s = ?2 AND o = ?1 AND label IN (SELECT id FROM label) AND hidden = 0`,
      row.s,
      row.o,
    );
    const others = between
      .filter((other) => other.label !== row.label || other.s !== row.s)
      .map((other) => ({
        relation: labels.get(other.label)!,
        reversed: !SYMMETRIC.has(labels.get(other.label)!) && other.s !== subject.entity,
        support: other.support,
      }))
      .sort((a, b) => b.support - a.support || (a.relation < b.relation ? -1 : a.relation > b.relation ? 1 : Number(a.reversed) - Number(b.reversed)));
    return {
      id: factId(subject.id, relation, object.id),
      subject: summary(subject),
      relation,
      object: summary(object),
      support: row.support,
      documents: row.documents,
      score: scoreOf(row.weight),
      main: isMain(relation, row.support, others),
      conflicts: others,
      sources: sources > 0 ? sourcesOf(sql, row, sources, text, subject.entity) : [],
    };
  });
}

/** The most frequent relation of a pair stands for it; CONJUNCTION gives way to any other. Source: sciie.md §6.1 step 5, §6.2. */
function isMain(relation: string, support: number, others: Fact['conflicts']): boolean {
  if (relation === 'CONJUNCTION') return others.length === 0;
  return others.every((other) => other.relation === 'CONJUNCTION' || other.support < support || (other.support === support && relation <= other.relation));
}

interface SourceRow {
  readonly doc: number;
  readonly score: number;
  readonly first: number;
  readonly last: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly s_entity: number;
}

/** The sentences behind a fact, in order of document id and of the reading's relations. */
export function sourcesOf(sql: Sql, fact: Pick<FactRow, 's' | 'label' | 'o'>, limit: number, text: ReturnType<typeof textsOf>, subject: number): FactSource[] {
  const rows = sql.all<SourceRow>(
    `SELECT said.doc, said.score, sentence.first, sentence.last, ms.first AS a, ms.last AS b, mo.first AS c, mo.last AS d, ks.entity AS s_entity
     FROM (SELECT relation.doc, relation.n, document.id AS id FROM relation CROSS JOIN document ON document.doc = relation.doc
       WHERE relation.s = ? AND relation.label = ? AND relation.o = ? ORDER BY document.id, relation.n LIMIT ?) AS first
     CROSS JOIN relation AS said ON said.doc = first.doc AND said.n = first.n
     CROSS JOIN sentence ON sentence.doc = said.doc AND sentence.n = said.sentence
     CROSS JOIN mention AS ms ON ms.doc = said.doc AND ms.n = said.subject
     CROSS JOIN mention AS mo ON mo.doc = said.doc AND mo.n = said.object
     CROSS JOIN key AS ks ON ks.id = said.s_key
     ORDER BY first.id, first.n`,
    fact.s,
    fact.label,
    fact.o,
    limit,
  );
  return rows.map((row) => {
    const document = text(row.doc);
    const [one, two] = [
      { start: row.a, end: row.b },
      { start: row.c, end: row.d },
    ];
    return {
      document: document.id,
      documentName: document.name,
      start: row.first,
      end: row.last,
      text: document.text.slice(row.first, row.last),
      subject: row.s_entity === subject ? one : two,
      object: row.s_entity === subject ? two : one,
      score: row.score / 10_000,
      page: pageAt(sql, row.doc, row.first),
    };
  });
}
