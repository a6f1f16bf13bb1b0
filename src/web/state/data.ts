import { computed, signal } from '@preact/signals';
import { resource } from './resource.ts';
import {
  kindRelation,
  listPanel,
  minimumSupport,
  near,
  nodeLimit,
  objectKind,
  openDocument,
  page,
  relationFilter,
  selection,
  subjectKind,
  trendKind,
  trendMode,
  trendRelation,
  trendSubject,
  typeFilter,
  view,
} from './route.ts';
import type { Document, Documents, Entities, Entity, Fact, Graph, KindTrends, Merges, Models, Run, Trends, Workspace } from './types.ts';

const query = (values: Record<string, string | number | null | undefined>): string => {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== '') set.set(name, String(value));
  return set.size > 0 ? `?${set}` : '';
};
const part = encodeURIComponent;

export const workspace = resource<Workspace>(() => '/api/workspace', ['documents', 'graph', 'merges']);

/** What the lists at the left are narrowed to. */
export const listText = signal('');

const wantsDocuments = computed(() => listPanel.value === 'documents');
export const documents = resource<Documents>(
  () => (wantsDocuments.value ? `/api/documents${query({ text: listText.value.trim(), limit: 5000 })}` : null),
  ['documents'],
);
export const entities = resource<Entities>(
  () => (wantsDocuments.value ? null : `/api/entities${query({ text: listText.value.trim(), limit: 2000 })}`),
  ['graph'],
);

/** The graph with every kind, so that a filter can be taken back without asking; relations and support are asked for. */
export const graph = resource<Graph>(
  () =>
    `/api/graph${query({ near: near.value, minSupport: minimumSupport.value, limit: nodeLimit.value, relations: relationFilter.value.join(','), kinds: typeFilter.value.join(',') })}`,
  ['graph'],
);

const chosen = (kind: string) => computed(() => (selection.value?.kind === kind ? selection.value.id : null));
const entityId = chosen('entity');
const factId = chosen('fact');
const documentId = chosen('document');
export const entity = resource<Entity>(() => entityId.value && `/api/entities/${part(entityId.value)}`, ['graph']);
export const fact = resource<Fact>(() => factId.value && `/api/facts/${part(factId.value)}`, ['graph']);
export const chosenDocument = resource<Document>(() => documentId.value && `/api/documents/${part(documentId.value)}`, ['documents', 'graph']);
export const documentFacts = resource<{ facts: Fact[] }>(() => documentId.value && `/api/facts${query({ document: documentId.value, limit: 50 })}`, ['graph']);
const shownDocumentId = computed(() => (view.value === 'document' ? openDocument.value : ''));
export const shownDocument = resource<Document>(() => (shownDocumentId.value ? `/api/documents/${part(shownDocumentId.value)}` : null), ['documents', 'graph']);

export const mergeStatus = signal<'proposed' | 'merged' | 'rejected'>('proposed');
/** How many merges are fetched. */
export const mergeCount = signal(40);
export const merges = resource<Merges>(
  () => (view.value === 'merges' ? `/api/merges${query({ status: mergeStatus.value, limit: mergeCount.value })}` : null),
  ['merges'],
);

/** What most documents name, a Method where there is one: it has uses to show. */
const commonest = (among: Graph['entities']): string => {
  const methods = among.filter(({ kind }) => kind === 'Method');
  return [...(methods.length > 0 ? methods : among)].sort((a, b) => b.documents - a.documents)[0]?.id ?? '';
};
const trendEntity = computed(() => trendSubject.value || (view.value === 'trends' ? commonest(graph.data.value?.entities ?? []) : ''));
export const trendRole = computed<'subject' | 'object'>(() => (trendRelation.value.startsWith('~') ? 'object' : 'subject'));
export const trendRelationName = computed(() => trendRelation.value.replace(/^~/, '') || 'USED-FOR');
export const trends = resource<Trends>(
  () =>
    view.value === 'trends' && trendMode.value === 'entity' && trendEntity.value
      ? `/api/trends${query({ entity: trendEntity.value, relation: trendRelationName.value, role: trendRole.value, kind: trendKind.value, limit: 6 })}`
      : null,
  ['graph'],
);
export const kindTrends = resource<KindTrends>(
  () =>
    view.value === 'trends' && trendMode.value === 'kinds'
      ? `/api/trends/kinds${query({ subject: subjectKind.value, object: objectKind.value, relation: kindRelation.value })}`
      : null,
  ['graph'],
);

/** Runs by the server's own notices; fetched whole at the start and after a gap. */
export const runs = resource<{ runs: Run[] }>(() => '/api/runs', ['runs']);
export const runUpdates = signal<ReadonlyMap<string, Run>>(new Map());
export const allRuns = computed<Run[]>(() => {
  const known = new Map((runs.data.value?.runs ?? []).map((run) => [run.id, run]));
  for (const [id, run] of runUpdates.value) known.set(id, run);
  return [...known.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
});
export const activeRuns = computed(() => allRuns.value.filter(({ state }) => state === 'running' || state === 'waiting'));

/** Models of this machine, and the one that is loaded. */
export const models = resource<Models>(() => (['adapt', 'inspect', 'guard', 'chat'].includes(page.value) ? '/api/models' : null), ['models']);
