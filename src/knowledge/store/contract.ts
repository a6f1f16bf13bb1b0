import type { PagePosition, Reading, Span } from '../reading.ts';
import type { Settings } from './settings.ts';
import type { KindTrendQuery, KindTrendSeries, TrendPoint, TrendQuery } from './trend-query.ts';

/** A document as lists show it. */
export interface DocumentSummary {
  readonly id: string;
  readonly names: readonly string[];
  readonly loader: string;
  readonly reader: string;
  readonly mediaType: string | null;
  readonly sizeBytes: number | null;
  readonly title: string | null;
  readonly year: number | null;
  readonly venue: string | null;
  readonly characters: number;
  readonly sentences: number;
  readonly mentions: number;
  readonly relations: number;
}

/** A mention as the graph sees it: `entity` is null for a Generic span that nothing in its document explains. */
export interface ResolvedMention extends Span {
  readonly kind: string;
  readonly score: number;
  readonly text: string;
  readonly entity: string | null;
  /** Name it was taken for, and why, where that is not its own text: 'coreference' or 'definition' ("full name (SHORT)" in the same document). */
  readonly name: string | null;
  readonly via: 'own' | 'coreference' | 'definition' | null;
}

export interface TrendSeries {
  readonly entity: EntitySummary;
  /** One point for every year with a dated document that mentions `entity`, of which there are `of`: the share of papers about the task that use the method. */
  readonly points: readonly TrendPoint[];
}

/** A document with its text and everything found in it. */
export interface StoredDocument extends DocumentSummary {
  readonly text: string;
  readonly sentenceSpans: readonly Span[];
  readonly pages: readonly PagePosition[];
  readonly resolved: readonly ResolvedMention[];
  /** Relation mentions; subject and object are indices into `resolved`. */
  readonly relationMentions: readonly {
    readonly subject: number;
    readonly object: number;
    readonly label: string;
    readonly score: number;
    readonly sentence: number;
  }[];
}

/** An entity as lists show it. `id` comes from content: "e" and 16 hexadecimal digits of the SHA-256 of its canonical name. */
export interface EntitySummary {
  readonly id: string;
  /** The commonest spelling of the canonical name. */
  readonly name: string;
  /** Majority kind of its mentions, OtherScientificTerm and Generic giving way. */
  readonly kind: string;
  readonly mentions: number;
  readonly documents: number;
  /** Number of facts it takes part in. */
  readonly facts: number;
}

/** Why two names stand for one entity. `from` gave way to `to`. */
export interface Merge {
  readonly from: string;
  readonly to: string;
  readonly reason: 'spelling' | 'plural' | 'acronym' | 'head noun' | 'contains' | 'coreference' | 'user';
  /** One sentence a person can judge, such as: "CRF" is defined as "conditional random field" in 3 documents. */
  readonly explanation: string;
  /** Spans that speak for it (at most ten are given). */
  readonly evidence: readonly { readonly document: string; readonly start: number; readonly end: number; readonly text: string }[];
  readonly status: 'merged' | 'proposed' | 'rejected';
}

/** An entity with its names, kinds and merges. */
export interface Entity extends EntitySummary {
  /** Kind → number of mentions, most first. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Every spelling found, most first. */
  readonly names: readonly { readonly name: string; readonly mentions: number }[];
  /** Every normalised name merged into it, canonical first: what `split` takes. */
  readonly keys: readonly string[];
  readonly merges: readonly Merge[];
}

/** The exact words behind a fact: the sentence's span and text, with the two mentions inside it. */
export interface FactSource extends Span {
  /** Document id. */
  readonly document: string;
  /** First name of the document, null when it has none. */
  readonly documentName: string | null;
  readonly text: string;
  readonly subject: Span;
  readonly object: Span;
  readonly score: number;
  /** Page on which the sentence starts, null for formats without pages. */
  readonly page: number | null;
}

/** "subject relation object", counted over the documents. */
export interface Fact {
  /** Subject id, relation (URI-encoded), object id, joined by ":". */
  readonly id: string;
  readonly subject: EntitySummary;
  readonly relation: string;
  readonly object: EntitySummary;
  /** How often sentences say it (relation mentions). */
  readonly support: number;
  readonly documents: number;
  /** Probability that at least one of its sentences was read rightly, 1 − ∏(1 − score), four decimals. */
  readonly score: number;
  /** Whether it is the best supported of all facts between its two entities (CONJUNCTION gives way, as in the paper's graph). */
  readonly main: boolean;
  /** Other relations, or the other direction, between the same two entities. */
  readonly conflicts: readonly { readonly relation: string; readonly reversed: boolean; readonly support: number }[];
  /** Filled when asked for. */
  readonly sources: readonly FactSource[];
}

export interface FactQuery {
  /** Entity id: facts in which it is subject or object. */
  readonly entity?: string;
  readonly subject?: string;
  readonly object?: string;
  readonly relation?: string;
  /** Document id: facts that this document speaks for. */
  readonly document?: string;
  readonly minSupport?: number;
  /** Kind of subject or object. */
  readonly kind?: string;
  /** Default 100. */
  readonly limit?: number;
  readonly offset?: number;
  /** How many sources to give with each fact, default 0. */
  readonly sources?: number;
}

export interface EntityQuery {
  readonly kind?: string;
  readonly minMentions?: number;
  readonly document?: string;
  /** Default 100, most mentions first. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface SearchHit extends EntitySummary {
  /** The spelling that matched. */
  readonly matched: string;
}

/** A sentence that matched a text search. */
export interface SentenceHit extends Span {
  readonly document: string;
  readonly documentName: string | null;
  readonly text: string;
  readonly page: number | null;
}

/** A piece of the graph: nodes, and the facts among them (without sources). */
export interface Subgraph {
  readonly entities: readonly EntitySummary[];
  /** `subject` and `object` are indices into `entities`. */
  readonly facts: readonly {
    readonly id: string;
    readonly subject: number;
    readonly object: number;
    readonly relation: string;
    readonly support: number;
    readonly score: number;
  }[];
  /** Whether the limit cut something off. */
  readonly truncated: boolean;
}

/** What a user decided. Names may be any spelling; they are kept normalised, so that decisions outlive documents. */
export type Decision =
  /** The names are one entity, called by the first. Also how a proposed merge is accepted. */
  | { readonly type: 'merge'; readonly names: readonly string[] }
  /** `names` leave the entity they are in; `rest` (filled in by the store) stays together. */
  | { readonly type: 'split'; readonly names: readonly string[]; readonly rest?: readonly string[] }
  /** These two names are not one entity: refuses a proposal, or undoes one automatic merge. */
  | { readonly type: 'reject'; readonly names: readonly [string, string] }
  | { readonly type: 'kind'; readonly name: string; readonly kind: string }
  | { readonly type: 'rename'; readonly name: string; readonly to: string }
  /** The fact is wrong; it leaves the graph while the readings stay. */
  | { readonly type: 'hide'; readonly subject: string; readonly relation: string; readonly object: string }
  | { readonly type: 'setting'; readonly name: 'contains' | 'threshold'; readonly value: string | number }
  /** Takes back the decision with this number. */
  | { readonly type: 'undo'; readonly number: number };

/** One line of the decision log. */
export interface LoggedDecision {
  /** From 1, in order. */
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly decision: Decision;
  /** Whether a later decision took it back. */
  readonly undone: boolean;
}

export interface Counts {
  readonly documents: number;
  readonly sentences: number;
  readonly mentions: number;
  /** Mentions that stand for an entity (the others are Generic spans that nothing explains). */
  readonly resolvedMentions: number;
  readonly relationMentions: number;
  readonly entities: number;
  readonly facts: number;
  readonly merges: number;
  readonly proposals: number;
  readonly decisions: number;
}

export interface AddResult {
  readonly status: 'added' | 'reread' | 'renamed' | 'unchanged';
  /** Ids of documents that lost their last name to this one (the file's content changed) and left the store. */
  readonly replaced: readonly string[];
}

/**
 * The graph as compact arrays: entity ids by index, and for every fact the indices of its ends. Sorted by canonical name, facts by subject, relation, object.
 */
export interface GraphArrays {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly kinds: readonly string[];
  /** [facts] uint32 each. */
  readonly subject: Uint32Array;
  readonly object: Uint32Array;
  readonly support: Uint32Array;
  readonly relation: readonly string[];
  /** [facts] index into `relation`. */
  readonly relationOf: Uint8Array;
}

/** One line of the graph's export. */
export type ExportLine =
  | {
      readonly type: 'entity';
      readonly id: string;
      readonly name: string;
      readonly kind: string;
      readonly kinds: Readonly<Record<string, number>>;
      readonly names: readonly string[];
      readonly mentions: number;
      readonly documents: number;
      readonly merges: readonly { readonly from: string; readonly to: string; readonly reason: string; readonly explanation: string }[];
    }
  | {
      readonly type: 'fact';
      readonly id: string;
      readonly subject: string;
      readonly relation: string;
      readonly object: string;
      readonly support: number;
      readonly documents: number;
      readonly score: number;
      readonly sources: readonly {
        readonly document: string;
        readonly start: number;
        readonly end: number;
        readonly text: string;
        readonly score: number;
        readonly subject: Span;
        readonly object: Span;
      }[];
    };

/**
 * Documents, and the graph that follows from them.
 *
 * The graph is a pure function of the set of readings and of the decision log: no call order, no deleted document, no interrupted run leaves a trace in it.
 * Every call that changes something is durable when its promise is fulfilled, and has changed nothing when it is rejected.
 * Errors: FormatError for bad readings and damaged files, NotFoundError, BusyError (another process writes), StorageError (disk full, I/O error), ReadOnlyError.
 */
export interface Store extends AsyncDisposable {
  readonly path: string;
  readonly mode: 'read' | 'write';

  // documents
  /** Adds a document, or replaces its reading when loader or reader version changed. A reading that is already there changes nothing. */
  addReading(reading: Reading): Promise<AddResult>;
  /** As addReading, for many, made durable together. */
  addReadings(readings: readonly Reading[]): Promise<AddResult[]>;
  /** What is known under this name: id, loader and reader version; undefined when nothing is. For telling whether a file must be read again. */
  reading(idOrName: string): Promise<{ readonly id: string; readonly loader: string; readonly reader: string; readonly names: readonly string[] } | undefined>;
  /** Removes documents by id; answers how many were there. */
  removeDocuments(ids: readonly string[]): Promise<number>;
  /** Takes one name from a document, and removes the document when it was the last. */
  removeName(name: string): Promise<void>;
  documents(query?: { readonly limit?: number; readonly offset?: number; readonly text?: string }): Promise<DocumentSummary[]>;
  /** Documents whose name, last part of a name, or start of id (at least 6 digits) is this; several when it is ambiguous. */
  findDocuments(nameOrId: string): Promise<DocumentSummary[]>;
  document(id: string): Promise<StoredDocument>;
  /** The reading as it was given, scores rounded to four decimals. */
  readingOf(id: string): Promise<Reading>;

  // entities and facts
  entities(query?: EntityQuery): Promise<EntitySummary[]>;
  /** By id, or by any spelling: exact first, then ignoring case. Several when only several fit; empty when none does. */
  findEntities(nameOrId: string): Promise<EntitySummary[]>;
  /** By id of the entity or of any name merged into it. */
  entity(id: string): Promise<Entity>;
  facts(query?: FactQuery): Promise<Fact[]>;
  fact(id: string): Promise<Fact>;
  /** Mentions of an entity with their sentences, in order of document and position. */
  mentions(entity: string, query?: { readonly limit?: number; readonly offset?: number }): Promise<(SentenceHit & { readonly mention: Span })[]>;
  /** Entities whose names hold words that begin with the query's words; best first. */
  search(text: string, query?: { readonly limit?: number; readonly kind?: string }): Promise<SearchHit[]>;
  /** Sentences that hold all the query's words; best first. */
  searchSentences(text: string, query?: { readonly limit?: number }): Promise<SentenceHit[]>;
  /** The best-supported surroundings of an entity, which comes first in the answer. Defaults: 1 hop, 100 entities. */
  neighbourhood(
    entity: string,
    query?: { readonly hops?: number; readonly limit?: number; readonly minSupport?: number; readonly relation?: string },
  ): Promise<Subgraph>;
  /** The entities with most facts, and the facts among them. Default limit 1000. */
  overview(query?: { readonly limit?: number; readonly minSupport?: number; readonly kinds?: readonly string[] }): Promise<Subgraph>;
  trends(query: TrendQuery): Promise<TrendSeries[]>;
  /** Relations between two kinds of entity over the years, most documents first. */
  kindTrends(query: KindTrendQuery): Promise<KindTrendSeries[]>;
  arrays(): Promise<GraphArrays>;

  // merges and decisions
  /** Merges by status, most evidence first. Default: proposed, 100. */
  merges(query?: { readonly status?: Merge['status']; readonly limit?: number; readonly offset?: number }): Promise<Merge[]>;
  decide(decision: Decision): Promise<LoggedDecision>;
  /** Takes back the last decision that is in force; undefined when there is none. */
  undo(): Promise<LoggedDecision | undefined>;
  decisions(): Promise<LoggedDecision[]>;
  /** How rare names are merged: what the decisions of type 'setting' amount to. */
  settings(): Promise<Settings>;
  /** Appends an exported log, whether or not its names are in the graph yet; answers how many decisions that were. */
  replay(log: readonly LoggedDecision[]): Promise<number>;

  // whole store
  /** A number that changes when another connection, of this or any other process, has changed something. Costs next to nothing. */
  stamp(): Promise<number>;
  counts(): Promise<Counts>;
  /** Entities by canonical name, then facts by subject, relation, object: the same bytes for the same readings and decisions. */
  export(): AsyncIterable<ExportLine>;
  /** One consistent copy in one file, whole or absent. */
  backup(path: string): Promise<void>;
  /** Integrity, foreign keys, and that the graph equals one rebuilt from the readings. Answers complaints; empty when sound. */
  check(): Promise<string[]>;
  /** Makes the graph again from readings and decisions (after a change of merging rules). */
  rebuild(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** 'write' (default) takes the one writer's place, creating the file if there is none; any number may open 'read'. */
  readonly mode?: 'read' | 'write';
  /** Wait for another writer to finish instead of failing at once. */
  readonly wait?: boolean;
  readonly signal?: AbortSignal;
}
