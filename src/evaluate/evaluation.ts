/** What `lyceum eval` prints of any task. */
export interface Evaluation {
  readonly task: string;
  /** Units measured: documents, questions, facts. */
  readonly n: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly convention: string;
  /** 95 % bootstrap intervals over the units, when asked for. */
  readonly ci95?: Readonly<Record<string, readonly [low: number, high: number]>>;
  /** The same metrics for parts of the whole, relations of facts for instance. */
  readonly groups?: Readonly<Record<string, { readonly n: number } & Readonly<Record<string, number>>>>;
}
