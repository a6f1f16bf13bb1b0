import type { BenchOptions } from './harness.ts';
import { alone, log, type Row } from './reader/row.ts';
import { benchStore } from './store.ts';

// Milliseconds in which search, neighbourhood and look-up shall answer at a million facts, 95 times of 100.
const gated = /search|neighbour|fact/i;

/** The store's questions as rows: milliseconds at the 95th percentile, without a peer. */
export async function storeRows({ runs = 600 }: BenchOptions): Promise<Row[]> {
  const { questions, add, facts, documents, buildSeconds, fileBytes } = await benchStore({ queries: runs, log });
  const note = `${facts} facts from ${documents} documents, ${(fileBytes / 1e6).toFixed(0)} MB, built in ${buildSeconds.toFixed(0)} s`;
  return Object.entries({ ...questions, add }).map(([name, { queries, p50, p95, max }]) => ({
    name: `store/${name}`,
    metric: 'time',
    unit: 'ms (p95)',
    ours: p95,
    ...alone,
    runs: queries,
    gate: gated.test(name),
    note: `median ${p50.toFixed(2)}, most ${max.toFixed(2)}; ${note}`,
  }));
}
