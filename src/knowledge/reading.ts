/** Kinds of span that the SciERC schema knows; a store takes any non-empty string. */
export const KINDS = ['Task', 'Method', 'Metric', 'Material', 'OtherScientificTerm', 'Generic'] as const;
/** Relation labels of the SciERC schema; the last two have no direction. A store takes any non-empty string. */
export const LABELS = ['USED-FOR', 'FEATURE-OF', 'HYPONYM-OF', 'PART-OF', 'EVALUATE-FOR', 'COMPARE', 'CONJUNCTION'] as const;
/** Labels whose two ends may be exchanged. */
export const SYMMETRIC: ReadonlySet<string> = new Set(['COMPARE', 'CONJUNCTION']);

/** A stretch of a document's text: UTF-16 code units, `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a stretch of the text stands on a page. Boxes are points from the page's top left corner: [left, top, width, height]. */
export interface PagePosition extends Span {
  /** From 1. */
  readonly page: number;
  readonly box?: readonly [left: number, top: number, width: number, height: number];
}

/** A named span that the reader found. */
export interface Mention extends Span {
  readonly kind: string;
  /** Probability in [0, 1]; kept rounded to four decimals. */
  readonly score: number;
}

/** "subject label object", said in one sentence. */
export interface RelationMention {
  /** Index into the reading's mentions. */
  readonly subject: number;
  /** Index into the reading's mentions. */
  readonly object: number;
  readonly label: string;
  /** Probability in [0, 1]; kept rounded to four decimals. */
  readonly score: number;
  /** Index into the reading's sentences. */
  readonly sentence: number;
}

/** Mentions (indices into the reading's mentions) that name the same thing inside one document. */
export type Cluster = readonly number[];

/** What one reader version found in one document; depends on the document's bytes, the loader and the reader alone. */
export interface Reading {
  /** SHA-256 of the document's bytes, 64 lower-case hexadecimal digits: the document's identity. */
  readonly id: string;
  /** Names under which the document is known (paths relative to the folder given, or a base name). */
  readonly names: readonly string[];
  /** Name and version of what turned bytes into text, such as "pdf/1". */
  readonly loader: string;
  /** Name and version of what found the mentions, such as "sciie-minilm/1 sha256:…". */
  readonly reader: string;
  /** Media type of the bytes, such as "application/pdf". */
  readonly mediaType?: string;
  readonly sizeBytes?: number;
  readonly title?: string;
  readonly year?: number;
  readonly venue?: string;
  readonly text: string;
  /** In order, not overlapping. */
  readonly sentences: readonly Span[];
  /** In order of `start`; absent for formats without pages. */
  readonly pages?: readonly PagePosition[];
  readonly mentions: readonly Mention[];
  readonly relations: readonly RelationMention[];
  readonly clusters: readonly Cluster[];
}
