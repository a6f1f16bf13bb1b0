import type { Merge } from '../contract.ts';
import { type Key, keyOf } from './keys.ts';
import { textsOf } from './rows.ts';
import { fullName } from './rules.ts';
import type { Sql } from './sql.ts';

interface EdgeRow {
  readonly a: number;
  readonly b: number;
  readonly reason: Merge['reason'];
  readonly status: Merge['status'];
}

const ORDER = 'ORDER BY ka.documents + kb.documents DESC, ka.key, kb.key, edge.reason';
const FROM = 'SELECT edge.a, edge.b, edge.reason, edge.status FROM edge JOIN key AS ka ON ka.id = edge.a JOIN key AS kb ON kb.id = edge.b';

/** Merges of one entity, the best-known names first. */
export function mergesOf(sql: Sql, entity: number, evidence = true): Merge[] {
  const rows = sql.all<EdgeRow>(
    `SELECT edge.a, edge.b, edge.reason, edge.status FROM key AS ka CROSS JOIN edge ON edge.a = ka.id CROSS JOIN key AS kb ON kb.id = edge.b
     WHERE ka.entity = ? AND edge.status = 'merged' ${ORDER}`,
    entity,
  );
  return rows.map((row) => describe(sql, row, evidence));
}

export function listMerges(sql: Sql, query: { readonly status?: Merge['status']; readonly limit?: number; readonly offset?: number } = {}): Merge[] {
  const { status = 'proposed', limit = 100, offset = 0 } = query;
  // what other merges already joined needs no proposal
  const rows = sql.all<EdgeRow>(
    `${FROM} WHERE edge.status = ? AND (edge.status <> 'proposed' OR ka.entity <> kb.entity) ${ORDER} LIMIT ? OFFSET ?`,
    status,
    limit,
    offset,
  );
  return rows.map((row) => describe(sql, row, true));
}

function describe(sql: Sql, row: EdgeRow, evidence: boolean): Merge {
  const [from, to] = [keyOf(sql, row.a), keyOf(sql, row.b)];
  return {
    from: from.key,
    to: to.key,
    reason: row.reason,
    explanation: explanation(sql, row.reason, from, to),
    evidence: evidence ? evidenceFor(sql, row.reason, from, to) : [],
    status: row.status,
  };
}

function explanation(sql: Sql, reason: Merge['reason'], from: Key, to: Key): string {
  const documents = (n: number): string => `${n} ${n === 1 ? 'document' : 'documents'}`;
  switch (reason) {
    case 'spelling':
      return `"${from.key}" and "${to.key}" differ only in case, accents or spaces`;
    case 'plural':
      return `"${from.key}" is the plural of "${to.key}", and both occur`;
    case 'head noun':
      return `"${from.key}" is "${to.key}" with the noun "${from.key.slice(to.key.length + 1)}"`;
    case 'acronym': {
      const full = fullName(sql, from.key);
      if (!full) return `"${from.key}" stands for "${to.key}"`;
      const others = full.all > full.documents ? `, and otherwise in ${full.all - full.documents}` : '';
      return `"${full.short}" is defined as "${to.key}" in ${documents(full.documents)}${others}`;
    }
    case 'contains':
      return `"${from.key}", found in ${documents(from.documents)}, contains "${to.key}", found in ${documents(to.documents)}`;
    case 'coreference': {
      const { n } = sql.get<{ n: number }>('SELECT count(DISTINCT doc) AS n FROM pair WHERE a = ? AND b = ?', from.key, to.key)!;
      return `"${from.key}" and "${to.key}" were read as the same thing in ${documents(n)}`;
    }
    case 'user':
      return `"${from.key}" was merged into "${to.key}" by the user`;
  }
}

function evidenceFor(sql: Sql, reason: Merge['reason'], from: Key, to: Key): Merge['evidence'] {
  type Place = { readonly doc: number; readonly first: number; readonly last: number };
  let places: Place[];
  if (reason === 'acronym') {
    const short = fullName(sql, from.key)?.short ?? from.key;
    places = sql.all<Place>(
      `SELECT definition.doc, definition.first, definition.last FROM definition JOIN document USING (doc) WHERE short = ?
       AND pooled IN (SELECT pooled FROM definition WHERE full_key = ?2 OR pooled = ?2) ORDER BY document.id, definition.first LIMIT 10`,
      short,
      to.key,
    );
  } else if (reason === 'coreference') {
    places = sql.all<Place>(
      `SELECT mention.doc, mention.first, mention.last FROM pair JOIN document USING (doc) JOIN mention ON mention.doc = pair.doc AND mention.n IN (a_mention, b_mention)
       WHERE a = ? AND b = ? ORDER BY document.id, mention.first LIMIT 10`,
      from.key,
      to.key,
    );
  } else {
    places = [from, to].flatMap((key) =>
      sql.all<Place>(
        'SELECT mention.doc, mention.first, mention.last FROM mention JOIN document USING (doc) WHERE mention.key = ? ORDER BY document.id, mention.first LIMIT 3',
        key.id,
      ),
    );
  }
  const text = textsOf(sql);
  return places.map(({ doc, first, last }) => {
    const document = text(doc);
    return { document: document.id, start: first, end: last, text: document.text.slice(first, last) };
  });
}
