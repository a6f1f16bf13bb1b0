import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

/** What computed a run, or a part of it. */
interface Made {
  /** `commit`: of Lyceum's checkout, with `+` where files differ from it; none in an installed package, of which there is one a version. */
  readonly versions: { readonly lyceum: string; readonly commit?: string; readonly node: string; readonly onnxruntime: string };
  readonly machine: Pick<EngineInfo, 'device' | 'threads' | 'instructionSet'>;
}

interface RunFile extends RunDescription, Made {
  readonly format: number;
  /** What went on with the run where that was not what began it: such a run is not promised to repeat bit for bit. */
  readonly continued?: readonly Made[];
}

/**
 * Writes `run.json`, or, where the folder already holds a run, checks that it is the same, and notes it where other versions or another machine go on with it.
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
  const { device, threads, onnxruntime, instructionSet } = engine;
  const now: Made = { versions: { ...(await ownVersion()), node: process.versions.node, onnxruntime }, machine: { device, threads, instructionSet } };
  const write = (run: RunFile): Promise<void> => writeWhole(path, [new TextEncoder().encode(`${JSON.stringify(run, null, 2)}\n`)]);
  if (text === undefined) return write({ format: formatVersion, ...wanted, ...now });
  const before = JSON.parse(text) as RunFile;
  for (const key of Object.keys(wanted) as (keyof RunDescription)[])
    if (JSON.stringify(before[key]) !== JSON.stringify(wanted[key]))
      throw new ConfigError(
        `${path}: expected the run that is begun there (${key} ${short(before[key])}), got ${short(wanted[key])}; use another folder, or remove this one to begin anew`,
      );
  const { continued = [] } = before;
  const { versions, machine } = continued.at(-1) ?? before;
  if (JSON.stringify({ versions, machine }) !== JSON.stringify(now)) await write({ ...before, continued: [...continued, now] });
};

/** Version of the package, and commit where it lies in a checkout of its own. */
const ownVersion = async (): Promise<Pick<Made['versions'], 'lyceum' | 'commit'>> => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  if (!existsSync(join(root, '.git'))) return { lyceum: version };
  const git = async (...words: string[]): Promise<string> => (await promisify(execFile)('git', ['-C', root, ...words])).stdout.trim();
  try {
    const commit = await git('rev-parse', '--short=12', 'HEAD');
    return { lyceum: version, commit: commit + ((await git('status', '--porcelain', '--untracked-files=no')) === '' ? '' : '+') };
  } catch {
    return { lyceum: version }; // no git here, or a checkout that it does not trust
  }
};

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
};
