import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore, sqliteVersion } from '../knowledge/index.ts';
import { encoderFolder, shippedReaders } from '../read/index.ts';
import { describeMachine, onnxruntimeVersion, probeDevices } from '../runtime/index.ts';
import { listModels } from './models/list-models.ts';
import { modelsFolder } from './models/model-home.ts';
import { version } from './version.ts';
import { storePath } from './workspace.ts';

export interface Finding {
  readonly name: string;
  /** good; note: nothing wrong, but worth knowing; bad: something will not work. */
  readonly state: 'good' | 'note' | 'bad';
  readonly text: string;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Looks at everything Lyceum stands on; never changes anything. */
export async function examine(dir: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async (name: string, check: () => Promise<[Finding['state'], string]>) => {
    try {
      const [state, text] = await check();
      findings.push({ name, state, text });
    } catch (error) {
      findings.push({ name, state: 'bad', text: messageOf(error) });
    }
  };
  await look('lyceum', async () => ['good', version()]);
  await look('node', async () => ['good', `${process.versions.node} (${process.platform} ${process.arch})`]);
  await look('sqlite', async () => {
    const { version: found, sound } = sqliteVersion();
    return sound ? ['good', found] : ['bad', `${found} can lose committed pages in its write-ahead log; use a newer Node 24`];
  });
  await look('machine', async () => {
    const { cpu, cores, memoryBytes, instructionSet } = describeMachine();
    const fast = instructionSet.includes('vnni') || instructionSet.startsWith('neon');
    return ['good', `${cpu}, ${cores} cores, ${gigabytes(memoryBytes)}, ${instructionSet}${fast ? '' : ' (int8 gains less without VNNI)'}`];
  });
  await look('onnxruntime', async () => ['good', onnxruntimeVersion()]);
  await look('webgpu', async () => {
    const { webgpu } = await probeDevices();
    return webgpu.available ? ['good', webgpu.name] : ['note', `not here: ${webgpu.reason}; everything runs on the processor`];
  });
  await look('encoder', async () => {
    const folder = encoderFolder();
    const { size } = await stat(join(folder, 'model.fp16.safetensors'));
    return ['good', `all-MiniLM-L6-v2, ${(size / 1e6).toFixed(0)} MB, ${folder}`];
  });
  await look('readers', async () => {
    const readers = await shippedReaders();
    return readers.length > 0 ? ['good', readers.join(', ')] : ['bad', 'no reader is installed; the package is incomplete, install it again'];
  });
  await look('models', async () => {
    const broken: string[] = [];
    const { models } = await listModels((folder, reason) => broken.push(`${folder}: ${reason}`));
    const sizeBytes = models.reduce((sum, model) => sum + model.sizeBytes, 0);
    const text = `${models.map(({ name }) => name).join(', ')}; ${(sizeBytes / 1e6).toFixed(0)} MB, ${modelsFolder()}`;
    return broken.length === 0 ? ['good', text] : ['bad', `${text}; ${broken.join('; ')}`];
  });
  await look('workspace', async () => {
    const path = storePath(dir);
    const there = await stat(path).catch(() => undefined);
    if (!there) return ['note', `none in ${dir} yet; \`lyceum read\` makes one`];
    await using store = await openStore(path, { mode: 'read' });
    const { documents, entities, facts } = await store.counts();
    const complaints = await store.check();
    const text = `${path}: ${documents} documents, ${entities} entities, ${facts} facts, ${(there.size / 1e6).toFixed(1)} MB`;
    return complaints.length === 0 ? ['good', text] : ['bad', `${text}; ${complaints.join('; ')}`];
  });
  await look('disk', async () => {
    const folder = (await readdir(dir).catch(() => undefined)) ? dir : '.';
    const writable = await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    );
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    if (!writable) return ['note', `${folder} cannot be written; reading commands work`];
    return [free < 200e6 ? 'bad' : 'good', `${gigabytes(free)} free`];
  });
  return findings;
}
