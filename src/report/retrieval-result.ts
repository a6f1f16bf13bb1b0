import type { Interval } from './adapt-result.ts';

/** Runs on the target's stories, in the order in which they are told. */
export const retrievalRunNames = {
  target: 'target by itself',
  patched: 'target, patched',
  patterns: 'story attention taken over',
  valuePatterns: 'value attention taken over',
  chimera: 'asked outright (chimera)',
} as const;

export interface RetrievalReportComponent {
  readonly name: string;
  readonly kind: 'head' | 'mlp';
  readonly layer: number;
  /** Shares of the total effect. */
  readonly effects: { readonly target: number; readonly source: number; readonly chimera: number; readonly before: number; readonly patched: number };
  /** On the requested value, in [0, 1]; null where it attends to nothing. */
  readonly attention: { readonly before: number; readonly after: number; readonly chimera: number } | null;
}

/** A case study of retrieval: see `studyRetrieval`. */
export interface RetrievalReportResult {
  readonly model: string;
  readonly weights: string;
  readonly source: string;
  readonly target: string;
  readonly layers: number;
  readonly heads: number;
  readonly prompts: number;
  readonly resamples: number;
  readonly seed: number;
  readonly seconds: number;
  readonly layer: number;
  readonly curves: readonly { readonly layer: number; readonly requested: number; readonly own: number; readonly sources: number }[] | null;
  readonly accuracy: { readonly target: number; readonly source: number; readonly chimera: number };
  readonly outcomes: Readonly<Record<keyof typeof retrievalRunNames, { readonly requested: Interval; readonly own: Interval; readonly difference: Interval }>>;
  readonly totalEffect: { readonly target: number; readonly source: number; readonly chimera: number };
  readonly components: readonly RetrievalReportComponent[];
  readonly movers: readonly string[];
  readonly attentionChange: { readonly fromTarget: number | null; readonly fromChimera: number | null };
  readonly change: { readonly heads: number; readonly mlps: number };
  readonly overlap: { readonly patched: Interval; readonly resampled: Interval; readonly others: Interval; readonly strong: number };
  /** Heads of single values, the surest first: means over the stories with the value and over the others. */
  readonly values: {
    readonly told: readonly { readonly value: string; readonly stories: number }[];
    readonly heads: readonly {
      readonly name: string;
      readonly value: string;
      /** Direct effects in the chimera, shares of the total effect. */
      readonly effect: { readonly with: number; readonly without: number };
      /** On the requested value. */
      readonly attention: { readonly with: number; readonly without: number };
      readonly p: number;
    }[];
  };
}
