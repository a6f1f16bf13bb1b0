import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fused, plan } from '../../core/index.ts';
import { type OpCase, opCases } from '../../core/testing/op-cases.ts';
import { nnOpCases } from '../../nn/testing/op-cases.ts';
import { lower } from '../lower.ts';
import { createSession, type Device } from '../session.ts';
import { caseProgram, distance } from './op-program.ts';

export interface DeviceRow {
  readonly op: string;
  /** ONNX nodes that ran on the device, and those that ran on the CPU, by type; computing of shapes not counted. */
  readonly native: readonly string[];
  readonly fallback: readonly string[];
  /** Types of ONNX nodes written as others for this device. */
  readonly rewritten: readonly string[];
  /** Largest difference from the reference evaluator, relative to max(1, |expected|). */
  readonly difference: number;
  readonly error: string | undefined;
}

interface ProfileEvent {
  readonly name: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

/** Rows of all ops that any room defines. */
export const everyCase: readonly OpCase[] = [...opCases, ...nnOpCases];

/** Op that a row of the op table is about. */
export const opOf = ({ name }: OpCase): string => name.replace(/^beside /, '').split(/[ ,]/)[0]!;

/** Runs rows of the tables of ops, results and gradients, on a device, and says what ran where. */
export async function deviceRows(device: Device, cases: readonly OpCase[] = everyCase): Promise<DeviceRow[]> {
  const rows = new Map<string, { native: Set<string>; fallback: Set<string>; rewritten: Set<string>; difference: number; error: string | undefined }>();
  for (const row of cases) {
    const op = opOf(row);
    const into = rows.get(op) ?? { native: new Set(), fallback: new Set(), rewritten: new Set(), difference: 0, error: undefined };
    rows.set(op, into);
    try {
      const { native, fallback, rewritten, difference } = await one(row, device);
      for (const type of native) into.native.add(type);
      for (const type of fallback) into.fallback.add(type);
      for (const type of rewritten) into.rewritten.add(type);
      into.difference = Math.max(into.difference, difference);
    } catch (error) {
      into.error = `${row.name}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return [...rows].map(([op, { native, fallback, rewritten, difference, error }]) => ({
    op,
    native: [...native].sort(),
    fallback: [...fallback].sort(),
    rewritten: [...rewritten].sort(),
    difference,
    error,
  }));
}

async function one(row: OpCase, device: Device): Promise<{ native: string[]; fallback: string[]; rewritten: readonly string[]; difference: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lyceum-device-'));
  try {
    const { program, expected, feed } = caseProgram(row);
    const graph = fused(program);
    const lowered = await lower(graph, new Map(), plan(graph).order, { device });
    const settings = { device, threads: 1, arena: false, prepack: true, profile: path.join(folder, 'profile') };
    const session = await createSession({ ...lowered, settings });
    const results = await session.run(feed(lowered.inputs), [...expected.keys()]);
    session.endProfiling();
    await session.release();
    const [file] = await readdir(folder);
    const events = (JSON.parse(await readFile(path.join(folder, file!), 'utf8')) as ProfileEvent[]).filter(
      ({ name, args }) => args?.provider && !name.startsWith('shape#'),
    );
    const ran = (here: boolean) =>
      events.filter(({ args }) => args!.provider!.startsWith('CPU') !== here && !/^Memcpy/.test(args!.op_name!)).map(({ args }) => args!.op_name!);
    return {
      native: ran(true),
      fallback: ran(false),
      rewritten: lowered.rewritten,
      difference: Math.max(...[...expected].map(([name, value]) => beyond(row, name, distance(results[name]!, value)))),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const beyond = ({ deviceRounds, within }: OpCase, output: string, difference: number): number =>
  deviceRounds === 'freely' && output === 'y' && difference < within!.result ? 0 : difference;

const stateOf = ({ native, fallback, rewritten, error }: DeviceRow): string =>
  error ? 'fails' : fallback.length === 0 ? (rewritten.length > 0 ? 'rewritten' : 'native') : native.length === 0 ? 'CPU' : 'partly';

/** The rows as a Markdown table. Differences are left to the test: they vary with the adapter. */
export const tableOf = (rows: readonly DeviceRow[]): string =>
  [
    '| op | on WebGPU | rewritten | ONNX nodes on the CPU |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.op} | ${stateOf(row)} | ${row.rewritten.join(', ') || '–'} | ${row.fallback.join(', ') || '–'} |`),
  ].join('\n');
