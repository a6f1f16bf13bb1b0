import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../core/index.ts';
import { writeWhole } from '../formats/index.ts';
import type { EngineInfo } from '../runtime/index.ts';

const formatVersion = 1;

/** What a run is: enough to repeat it. Bit-identical on the same kind of machine, thread count and versions. */
export interface RunDescription {
  readonly kind: string;
  readonly config: unknown;
  /** SHA-256 of the training data, by name. */
  readonly data: Readonly<Record<string, string>>;
  readonly seed: number;
}

/**
 * Writes `run.json`, or, where the folder already holds a run, checks that it is the same.
 *
 * @throws ConfigError where the folder holds a run of another kind, configuration, data or seed
 */
export const openRun = async (folder: string, description: RunDescription, engine: EngineInfo): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'run.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const wanted = JSON.parse(JSON.stringify(description)) as RunDescription;
  if (text === undefined) {
    const { device, threads, onnxruntime, instructionSet } = engine;
    const run = {
      format: formatVersion,
      ...wanted,
      versions: { lyceum: version(), node: process.versions.node, onnxruntime },
      machine: { device, threads, instructionSet },
    };
    await writeWhole(path, [new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`)]);
    return;
  }
  const before = JSON.parse(text) as Record<string, unknown>;
  for (const [key, value] of Object.entries(wanted))
    if (JSON.stringify(before[key]) !== JSON.stringify(value))
      throw new ConfigError(
        `${path}: expected the run that is begun there (${key} ${short(before[key])}), got ${short(value)}; use another folder, or remove this one to begin anew`,
      );
};

const version = (): string => (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
};
