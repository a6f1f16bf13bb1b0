import { SYMMETRIC } from '../../reading.ts';
import type { ExportLine } from '../contract.ts';
import { mergesOf } from './merges.ts';
import { type FactRow, factId, labelsOf, scoreOf, sourcesOf } from './read-facts.ts';
import { ENTITY, ENTITY_FROM, type EntityRow, entityByNumber, textsOf } from './rows.ts';
import type { Sql } from './sql.ts';

/** All lines of the graph's export; nothing in them or in their order depends on row numbers. */
export function* exportLines(sql: Sql): Generator<ExportLine> {
  const entities = `SELECT ${ENTITY} FROM ${ENTITY_FROM} ORDER BY entity.canonical`;
  for (const row of sql.each<EntityRow>(entities)) yield entityLine(sql, row);
  const labels = labelsOf(sql);
  for (const row of sql.each<EntityRow>(entities)) {
    const facts = sql.all<FactRow>(
      'SELECT s, label, o, support, documents, weight FROM fact WHERE s = ?1 AND hidden = 0 UNION SELECT s, label, o, support, documents, weight FROM fact WHERE o = ?1 AND hidden = 0',
      row.entity,
    );
    const mine = facts.flatMap((fact) => {
      const relation = labels.get(fact.label)!;
      const other = entityByNumber(sql, fact.s === row.entity ? fact.o : fact.s);
      const first = SYMMETRIC.has(relation) ? row.canonical < other.canonical : fact.s === row.entity;
      return first ? [{ fact, relation, other }] : [];
    });
    mine.sort((a, b) => compare(a.relation, b.relation) || compare(a.other.canonical, b.other.canonical));
    const text = textsOf(sql);
    for (const { fact, relation, other } of mine) {
      yield {
        type: 'fact',
        id: factId(row.id, relation, other.id),
        subject: row.id,
        relation,
        object: other.id,
        support: fact.support,
        documents: fact.documents,
        score: scoreOf(fact.weight),
        sources: sourcesOf(sql, fact, -1, text, row.entity).map(({ document, start, end, text: said, score, subject, object }) => ({
          document,
          start,
          end,
          text: said,
          score,
          subject,
          object,
        })),
      };
    }
  }
}

function entityLine(sql: Sql, row: EntityRow): ExportLine {
  const kinds = sql.all<{ kind: string; n: number }>('SELECT kind, n FROM entity_kind WHERE entity = ? ORDER BY n DESC, kind', row.entity);
  const names = sql.all<{ surface: string }>(
    'SELECT DISTINCT surface FROM spelling JOIN key ON key.id = spelling.key WHERE key.entity = ? ORDER BY surface',
    row.entity,
  );
  return {
    type: 'entity',
    id: row.id,
    name: row.name,
    kind: row.kind,
    kinds: Object.fromEntries(kinds.map(({ kind, n }) => [kind, n])),
    names: names.map(({ surface }) => surface),
    mentions: row.mentions,
    documents: row.documents,
    merges: mergesOf(sql, row.entity, false).map(({ from, to, reason, explanation }) => ({ from, to, reason, explanation })),
  };
}

/** By code unit, as SQLite's binary order is not needed to agree with: facts are sorted here only. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
