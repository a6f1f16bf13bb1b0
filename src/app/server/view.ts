import type { DocumentSummary, EntitySummary, Fact, Merge, PagePosition, Subgraph } from '../../knowledge/index.ts';
import type { Job } from '../jobs.ts';
import type * as wire from './schema.ts';

// What the store knows, as it goes over the wire: fields are named one by one, so nothing leaves by accident.

export const documentSummary = ({
  id,
  names,
  loader,
  mediaType,
  title,
  year,
  venue,
  characters,
  sentences,
  mentions,
  relations,
}: DocumentSummary): wire.DocumentSummary => ({
  id,
  names: [...names],
  loader,
  mediaType,
  title,
  year,
  venue,
  characters,
  sentences,
  mentions,
  relations,
});

export const pagePosition = ({ start, end, page, box }: PagePosition): wire.PagePosition => ({ start, end, page, ...(box && { box: [...box] }) });

export const entitySummary = ({ id, name, kind, mentions, documents, facts }: EntitySummary): wire.EntitySummary => ({
  id,
  name,
  kind,
  mentions,
  documents,
  facts,
});

export const factView = ({ id, subject, relation, object, support, documents, score, main, conflicts, sources }: Fact): wire.Fact => ({
  id,
  subject: entitySummary(subject),
  relation,
  object: entitySummary(object),
  support,
  documents,
  score,
  main,
  conflicts: conflicts.map((conflict) => ({ relation: conflict.relation, reversed: conflict.reversed, support: conflict.support })),
  sources: sources.map((source) => ({
    start: source.start,
    end: source.end,
    document: source.document,
    documentName: source.documentName,
    text: source.text,
    subject: { start: source.subject.start, end: source.subject.end },
    object: { start: source.object.start, end: source.object.end },
    score: source.score,
    page: source.page,
  })),
});

export const mergeView = ({ from, to, reason, explanation, evidence, status }: Merge): wire.Merge => ({
  from,
  to,
  reason,
  explanation,
  evidence: evidence.map(({ document, start, end, text }) => ({ document, start, end, text, sentence: null })),
  status,
});

export const graphView = ({ entities, facts, truncated }: Subgraph): wire.Graph => ({
  entities: entities.map(entitySummary),
  facts: facts.map(({ id, subject, object, relation, support, score }) => ({ id, subject, object, relation, support, score })),
  truncated,
});

/** The part of a graph with these kinds and relations (none given: all); `keep` stays whatever its kind. */
export function narrow(
  graph: Subgraph,
  wanted: { readonly kinds: readonly string[]; readonly relations: readonly string[]; readonly keep?: string | undefined },
): Subgraph {
  if (wanted.kinds.length === 0 && wanted.relations.length === 0) return graph;
  const place = new Map<number, number>();
  const entities = graph.entities.filter(({ id, kind }, index) => {
    const stays = wanted.kinds.length === 0 || wanted.kinds.includes(kind) || id === wanted.keep;
    if (stays) place.set(index, place.size);
    return stays;
  });
  const facts = graph.facts.flatMap((fact) => {
    const subject = place.get(fact.subject);
    const object = place.get(fact.object);
    if (subject === undefined || object === undefined || (wanted.relations.length > 0 && !wanted.relations.includes(fact.relation))) return [];
    return [{ ...fact, subject, object }];
  });
  return { entities, facts, truncated: graph.truncated };
}

export const runView = ({ id, kind, title, subject, state, createdAt, endedAt, progress, skipped, result, notes, error }: Job): wire.Run => ({
  id,
  kind,
  title,
  subject,
  state,
  createdAt,
  endedAt,
  progress: progress && { ...progress, figures: { ...progress.figures } },
  skipped: skipped.map((skip) => ({ path: skip.path, code: skip.code, reason: skip.reason })),
  result: result && { ...result },
  notes: [...notes],
  error: error && { code: error.code, message: error.message },
});
