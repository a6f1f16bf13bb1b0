/** A year: `documents` of the `of` dated documents asked about say the fact; `share` is their quotient (4 decimals). */
export interface TrendPoint {
  readonly year: number;
  readonly documents: number;
  readonly of: number;
  readonly share: number;
}

export interface TrendQuery {
  /** Entity id. */
  readonly entity: string;
  /** Default USED-FOR. */
  readonly relation?: string;
  /** Which end of the fact the entity is; default 'subject'. */
  readonly role?: 'subject' | 'object';
  /** Kind of the entities at the other end; default any. */
  readonly kind?: string;
  readonly venue?: string;
  /** How many entities at the other end, most documents first; default 10. */
  readonly limit?: number;
}

export interface KindTrendQuery {
  /** Kind of the subjects. */
  readonly subject: string;
  /** Kind of the objects. */
  readonly object: string;
  /** Default every relation, a series each. Relations without direction are counted either way round. */
  readonly relation?: string;
  readonly venue?: string;
}

export interface KindTrendSeries {
  readonly relation: string;
  /** One point for every year with a dated document that mentions an entity of the objects' kind, of which there are `of`. */
  readonly points: readonly TrendPoint[];
}
