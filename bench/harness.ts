// What every bench hands in, and how it becomes the one JSON line of contracts ("Benchmarks"). Timing in turn about is in reader/compare.ts.
import { execFileSync } from 'node:child_process';
import { describeMachine } from '../src/runtime/index.ts';
import type { Row } from './reader/row.ts';

export interface BenchOptions {
  readonly threads: number;
  /** Timed turns of each side; every bench has its own default. */
  readonly runs?: number;
}

export type Bench = (options: BenchOptions) => Promise<Row[]>;

/** The document of a bench: its first row's figures (the gated one, where there is one), and all rows. */
export function documentOf(bench: string, rows: readonly Row[], threads: number): Record<string, unknown> {
  const { cpu, cores, instructionSet, memoryBytes, platform } = describeMachine();
  const shared = { bench, machine: { cpu, cores, threads, instructionSet, memoryBytes, platform, node: process.versions.node }, commit: commit() };
  const first = rows.find(({ gate }) => gate) ?? rows[0];
  return { ...first, ...shared, rows: rows.map((row) => ({ ...row, ...shared })) };
}

/** Short id of the commit measured, with `+` where files differ from it; `unknown` outside a checkout. */
export function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}

/** A row for people. */
export const lineOf = ({ name, unit, ours, peer, peerName, peerVersion, ratio, ratioP25, ratioP75, runs, gate, note }: Row): string =>
  [
    `${name}: ${figure(ours)} ${unit}`,
    peer === null ? undefined : `${peerName} ${peerVersion ?? ''}: ${figure(peer)}`,
    ratio === null ? undefined : `ratio ${figure(ratio)} (${figure(ratioP25 ?? ratio)} to ${figure(ratioP75 ?? ratio)}, ${runs} runs)`,
    gate ? 'a target applies' : undefined,
    note === '' ? undefined : note,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');

const figure = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
