export { BusyError, FormatError, KnowledgeError, NotFoundError, ReadOnlyError, StorageError, UnsupportedError } from './errors.ts';
export { type Cluster, KINDS, LABELS, type Mention, type PagePosition, type Reading, type RelationMention, type Span, SYMMETRIC } from './reading.ts';
export type * from './store/contract.ts';
export { DEFAULT_SETTINGS, type Settings } from './store/decision-state.ts';
export { isSoundSqlite } from './store/sqlite/open.ts';
export { openStore } from './store/sqlite/store.ts';
