export { BusyError, FormatError, KnowledgeError, NotFoundError, ReadOnlyError, StorageError, UnsupportedError } from './errors.ts';
export { type Cluster, KINDS, LABELS, type Mention, type PagePosition, type Reading, type RelationMention, type Span, SYMMETRIC } from './reading.ts';
export type * from './store/contract.ts';
