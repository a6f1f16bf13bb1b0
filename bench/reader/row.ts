/** What a bench of the reader measured; the harness adds bench, machine and commit. `ratio` above 1: ours is better, or cheaper. */
export interface Row {
  readonly name: string;
  readonly metric: 'time' | 'memory' | 'rate' | 'share' | 'f1' | 'perplexity';
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly peerVersion: string | null;
  readonly ratio: number | null;
  readonly ratioP25: number | null;
  readonly ratioP75: number | null;
  readonly runs: number;
  readonly gate: boolean;
  readonly note: string;
}

/** What a row says of a peer where there is none. */
export const alone = { peer: null, peerName: null, peerVersion: null, ratio: null, ratioP25: null, ratioP75: null } as const satisfies Partial<Row>;

export const log = (text: string): void => void process.stderr.write(`${text}\n`);
