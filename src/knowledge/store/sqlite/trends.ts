import { SYMMETRIC } from '../../reading.ts';
import type { TrendSeries } from '../contract.ts';
import type { KindTrendQuery, KindTrendSeries, TrendQuery } from '../trend-query.ts';
import { entityByNumber, entityRow, round4, summary } from './rows.ts';
import type { Sql } from './sql.ts';

/** Not of a fact that the user called wrong. */
const SHOWN = '(relation.s, relation.label, relation.o) NOT IN (SELECT s, label, o FROM fact WHERE hidden = 1)';

export function trends(sql: Sql, query: TrendQuery): TrendSeries[] {
  const { relation = 'USED-FOR', role = 'subject', kind = null, venue = null, limit = 10 } = query;
  const root = entityRow(sql, query.entity).entity;
  const ends: ['s' | 'o', 's' | 'o'][] = SYMMETRIC.has(relation) ? [['s', 'o'], ['o', 's']] : role === 'subject' ? [['s', 'o']] : [['o', 's']]; // biome-ignore format: one line reads best
  const union = ends
    .map(
      ([mine, other]) =>
        `SELECT ${other} AS other, relation.doc FROM relation WHERE ${mine} = ?1 AND label = (SELECT id FROM label WHERE label = ?2) AND ${SHOWN}`,
    )
    .join(' UNION ');
  const said = sql.all<{ other: number; year: number; documents: number }>(
    `SELECT other, year, count(DISTINCT document.doc) AS documents FROM (${union}) AS said JOIN document ON document.doc = said.doc JOIN entity ON entity.entity = other
     WHERE year IS NOT NULL AND other <> ?1 AND (?3 IS NULL OR venue = ?3) AND (?4 IS NULL OR kind = ?4) GROUP BY other, year`,
    root,
    relation,
    venue,
    kind,
  );
  const totals = new Map<number, number>();
  for (const row of said) totals.set(row.other, (totals.get(row.other) ?? 0) + row.documents);
  const series = [...totals].map(([other, documents]) => ({ row: entityByNumber(sql, other), documents }));
  series.sort((a, b) => b.documents - a.documents || (a.row.canonical < b.row.canonical ? -1 : 1));
  return series.slice(0, limit).map(({ row }) => {
    const years = sql.all<{ year: number; of: number }>(
      `SELECT year, count(*) AS "of" FROM entity_doc JOIN document ON document.doc = entity_doc.doc
       WHERE entity_doc.entity = ?1 AND year IS NOT NULL AND (?2 IS NULL OR venue = ?2) GROUP BY year ORDER BY year`,
      row.entity,
      venue,
    );
    const points = years.map(({ year, of }) => {
      const documents = said.find((other) => other.other === row.entity && other.year === year)?.documents ?? 0;
      return { year, documents, of, share: round4(documents / of) };
    });
    return { entity: summary(row), points };
  });
}

/** As `trends`, for kinds: every relation between entities of two kinds, most documents first. */
export function kindTrends(sql: Sql, query: KindTrendQuery): KindTrendSeries[] {
  const { subject, object, relation = null, venue = null } = query;
  const symmetric = JSON.stringify([...SYMMETRIC]);
  const said = sql.all<{ label: string; year: number; documents: number }>(
    `SELECT label.label, year, count(DISTINCT relation.doc) AS documents FROM relation JOIN label ON label.id = relation.label
     JOIN entity AS es ON es.entity = relation.s JOIN entity AS eo ON eo.entity = relation.o JOIN document ON document.doc = relation.doc
     WHERE year IS NOT NULL AND relation.s <> relation.o AND (?3 IS NULL OR label.label = ?3) AND (?4 IS NULL OR venue = ?4) AND ${SHOWN}
       AND ((es.kind = ?1 AND eo.kind = ?2) OR (es.kind = ?2 AND eo.kind = ?1 AND label.label IN (SELECT value FROM json_each(?5))))
     GROUP BY label.label, year`,
    subject,
    object,
    relation,
    venue,
    symmetric,
  );
  const years = sql.all<{ year: number; of: number }>(
    `SELECT year, count(DISTINCT entity_doc.doc) AS "of" FROM entity JOIN entity_doc ON entity_doc.entity = entity.entity JOIN document ON document.doc = entity_doc.doc
     WHERE kind = ?1 AND year IS NOT NULL AND (?2 IS NULL OR venue = ?2) GROUP BY year ORDER BY year`,
    object,
    venue,
  );
  const series = [...Map.groupBy(said, ({ label }) => label)].map(([label, rows]) => {
    const documents = new Map(rows.map((row) => [row.year, row.documents]));
    const points = years.map(({ year, of }) => ({ year, documents: documents.get(year) ?? 0, of, share: round4((documents.get(year) ?? 0) / of) }));
    return { relation: label, points };
  });
  const total = ({ points }: KindTrendSeries): number => points.reduce((sum, { documents }) => sum + documents, 0);
  return series.sort((a, b) => total(b) - total(a) || (a.relation < b.relation ? -1 : 1));
}
