/** Token positions counted over the whole document, both ends inclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Entity extends Span {
  readonly label: string;
  readonly score?: number;
}

/** Reads "subject LABEL object". */
export interface Relation {
  readonly subject: Span;
  readonly object: Span;
  readonly label: string;
  readonly score?: number;
}

/** What a person or a reader says about one document. Clusters hold the mentions of one thing. */
export interface Annotations {
  readonly entities: readonly Entity[];
  readonly relations: readonly Relation[];
  readonly clusters: readonly (readonly Span[])[];
}

/** A document that came as tokens. */
export interface TokenDocument {
  readonly docKey: string;
  readonly sentences: readonly (readonly string[])[];
}

export interface AnnotatedDocument extends TokenDocument, Annotations {}

export const spanKey = ({ start, end }: Span): string => `${start}-${end}`;
export const entityKey = (entity: Entity): string => `${spanKey(entity)} ${entity.label}`;
