import { rename, rm, stat } from 'node:fs/promises';
import { setGlobalProxyFromEnv } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, FormatError, NotFoundError, UnsupportedError } from '../../../core/index.ts';
import { DownloadError, download, fetchText, gitIdOfFile, sha256OfFile } from '../../../formats/index.ts';
import { version } from '../../version.ts';
import { isModelFile, isWeights } from './model-files.ts';
import { type HubReference, printReference } from './reference.ts';
import { type Fetched, type PullContext, requireRoom } from './source.ts';

const listLimitBytes = 16 * 2 ** 20;
const filesLimit = 1000;

const fileSchema = z.object({
  rfilename: z.string(),
  size: z.number().int().min(0).optional(),
  blobId: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .optional(),
  lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().min(0) }).nullish(),
});
const schema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(fileSchema),
  cardData: z.looseObject({ license: z.unknown() }).nullish(),
});

type HubFile = z.infer<typeof fileSchema>;
type HashOptions = NonNullable<Parameters<typeof sha256OfFile>[1]>;

/**
 * Fetches a model from the Hugging Face hub, or the server that HF_ENDPOINT names, with the token in HF_TOKEN. A transfer that broke off goes on where it stopped. Each file is held to the size
 * and the hash that the hub states for it.
 */
export async function fetchFromHub(reference: HubReference, context: PullContext): Promise<Fetched> {
  const restore = setGlobalProxyFromEnv(); // HTTP_PROXY, HTTPS_PROXY, NO_PROXY
  try {
    return await fetchModel(reference, context);
  } finally {
    restore();
  }
}

async function fetchModel(reference: HubReference, context: PullContext): Promise<Fetched> {
  const { folder, signal, answerMs, progress } = context;
  const endpoint = endpointOf();
  const token = process.env['HF_TOKEN']?.trim();
  const headers = { 'user-agent': `lyceum/${version()}`, ...(token && { authorization: `Bearer ${token}` }) };
  const transfer = { headers, answerMs, ...(signal && { signal }) };
  const where = printReference(reference);
  const list = await told(where, () =>
    fetchText(`${endpoint}/api/models/${reference.repository}/revision/${encodeURIComponent(reference.revision)}?blobs=true`, listLimitBytes, {
      ...transfer,
      idleMs: answerMs,
    }),
  );
  const { sha: commit, siblings, cardData } = parseList(list, where);
  const files = choose(siblings, reference, where);
  const [promised, wanted] = [files[0]!.lfs?.sha256, context.expected?.sha256];
  if (wanted !== undefined && promised !== undefined && promised !== wanted)
    throw new FormatError(`${where}: expected a file with sha256 ${wanted}, got one that the hub states as ${promised}; nothing was fetched`);
  const known = files.map(({ size, lfs }) => lfs?.size ?? size);
  const total = known.includes(undefined) ? undefined : known.reduce<number>((sum, size) => sum + size!, 0);

  const partOf = (file: HubFile) => join(folder, `${commit.slice(0, 12)}-${nameOf(file)}.part`);
  const kept = (await Promise.all(files.flatMap((file) => [partOf(file), join(folder, nameOf(file))]).map(sizeOf))).reduce((sum, size) => sum + size, 0);
  if (total !== undefined) await requireRoom(folder, total - Math.min(kept, total));
  let before = 0;
  for (const [i, file] of files.entries()) {
    const sizeBytes = known[i];
    const target = join(folder, nameOf(file));
    const path = file.rfilename.split('/').map(encodeURIComponent).join('/');
    const check = { onBytes: (done: number) => progress('checking', before + done, total), ...(signal && { signal }) };
    if (!(await isWhole(target, file, sizeBytes, check))) {
      const part = partOf(file);
      const onBytes = (done: number) => progress('fetching', before + done, total, kept);
      const url = `${endpoint}/${reference.repository}/resolve/${commit}/${path}`;
      await told(where, () => download(url, part, { ...transfer, onBytes, ...(sizeBytes !== undefined && { sizeBytes }) }));
      if (!(await isWhole(part, file, sizeBytes, check))) {
        await rm(part, { force: true });
        throw new FormatError(`${where}: expected ${file.rfilename} with the hash that the hub states, got other bytes; they were thrown away: try again`);
      }
      await rename(part, target);
    }
    before += sizeBytes ?? (await sizeOf(target));
  }
  const license = cardData?.license;
  return {
    kind: reference.file === undefined && files[0]!.rfilename === 'config.json' ? 'folder' : 'gguf',
    files: files.map(nameOf),
    hashes: new Map(files.flatMap((file) => (file.lfs ? [[nameOf(file), file.lfs.sha256] as const] : []))),
    licence: typeof license === 'string' ? license : null,
    source: `${printReference({ ...reference, revision: commit })}`,
  };
}

function endpointOf(): string {
  const given = process.env['HF_ENDPOINT'] || 'https://huggingface.co';
  const url = URL.parse(given);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new ConfigError(`HF_ENDPOINT: expected an address with http or https, got ${JSON.stringify(given)}; correct it or unset it`);
  return given.replace(/\/+$/, '');
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const nameOf = ({ rfilename }: HubFile): string => rfilename.split('/').at(-1)!;

/** Whether the file is there with the bytes that the hub promises. Without a promise, nothing is known of it. */
async function isWhole(path: string, { lfs, blobId }: HubFile, sizeBytes: number | undefined, options: HashOptions): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found || (sizeBytes !== undefined && found.size !== sizeBytes)) return false;
  if (lfs) return (await sha256OfFile(path, options)) === lfs.sha256;
  if (blobId !== undefined) return (await gitIdOfFile(path, found.size, options)) === blobId;
  return path.endsWith('.part');
}

function parseList(text: string, where: string): z.infer<typeof schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${where}: expected the hub's list of files in JSON, got ${JSON.stringify(text.slice(0, 60))}; check HF_ENDPOINT`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(`${where}: expected the hub's list of files, got at ${issue?.path.join('.') || 'the top'}: ${issue?.message}; check HF_ENDPOINT`);
}

/** The file that was named; else the one GGUF file, or configuration, tokenizer and weights. Names come from a stranger: those that are kept are of a known form. */
function choose(files: readonly HubFile[], { file: named }: HubReference, where: string): HubFile[] {
  const ggufs = files.filter(({ rfilename }) => /^(?:[\w+ -][\w.+ -]*\/)*[A-Za-z0-9_][\w.+ -]*\.gguf$/i.test(rfilename));
  if (named !== undefined) {
    const found = ggufs.find(({ rfilename }) => rfilename === named);
    if (found) return [refuseSplit(found, where)];
    if (files.some(({ rfilename }) => rfilename === named))
      throw new UnsupportedError(`${where}: expected a GGUF file, got another kind; leave the file out to fetch the whole model as safetensors`);
    throw new NotFoundError(
      `${where}: expected ${named} in the repository, got no such file${ggufs.length > 0 ? `; it has ${listed(ggufs)}` : ''}; check the spelling`,
    );
  }
  const model = files.filter(({ rfilename }) => isModelFile(rfilename));
  const names = new Set(model.map(({ rfilename }) => rfilename));
  if (names.has('config.json') && [...names].some(isWeights)) {
    if (model.length > filesLimit) throw new UnsupportedError(`${where}: expected at most ${filesLimit} files, got ${model.length}; use a smaller model`);
    // One file of weights and shards of the same would be the model twice.
    const shards = names.has('model.safetensors')
      ? (name: string) => name !== 'model.safetensors' && (isWeights(name) || name.endsWith('.index.json'))
      : () => false;
    return model.filter(({ rfilename }) => !shards(rfilename)).sort((a, b) => Number(b.rfilename === 'config.json') - Number(a.rfilename === 'config.json'));
  }
  if (ggufs.length === 1) return [refuseSplit(ggufs[0]!, where)];
  if (ggufs.length > 1) throw new ConfigError(`${where}: expected one GGUF file, got ${listed(ggufs)}; name one: ${where}/FILE`);
  throw new UnsupportedError(`${where}: expected a GGUF file, or config.json with weights as safetensors, got neither; use another repository`);
}

const listed = (files: readonly HubFile[]): string =>
  `${files
    .slice(0, 8)
    .map(({ rfilename }) => rfilename)
    .join(', ')}${files.length > 8 ? ', …' : ''}`;

const refuseSplit = (file: HubFile, where: string): HubFile => {
  if (!/-\d{5}-of-\d{5}\.gguf$/i.test(file.rfilename)) return file;
  throw new UnsupportedError(`${where}: expected a GGUF file in one piece, got a part of a split one; use a smaller one, or the safetensors`);
};

/** What a refusal means on the hub. */
async function told<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DownloadError && (error.status === 401 || error.status === 403))
      throw new DownloadError(
        `${where}: expected to be let in, got status ${error.status}; accept the model's terms on its page if it has some, and set HF_TOKEN to a token of yours`,
        { status: error.status, cause: error },
      );
    if (error instanceof NotFoundError)
      throw new NotFoundError(`${where}: expected a model on the hub, got none of this name; check the spelling`, { cause: error });
    throw error;
  }
}
