// A stand-in for the Hugging Face hub: the list of a repository's files, and the files by ranges.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeHub extends AsyncDisposable {
  readonly url: string;
  /** Requests so far: path and range. */
  readonly requests: { readonly path: string; readonly range: string | undefined; readonly authorization: string | undefined }[];
  /** Breaks every answer off after so many bytes; 0 never. */
  cutAfter: number;
  /** Answers every request for a file in this way instead. */
  refuse: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** Changes what the list says of a file. */
  readonly statements: Map<string, { size?: number; sha256?: string; blobId?: string }>;
}

export const commit = '0123456789abcdef0123456789abcdef01234567';

/** @param repositories  `organisation/name` → file → bytes; files named `*.gguf` and `*.safetensors` are kept as LFS, others in git */
export async function fakeHub(repositories: Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>): Promise<FakeHub> {
  const requests: FakeHub['requests'] = [];
  const statements: FakeHub['statements'] = new Map();
  const list = (files: Readonly<Record<string, Uint8Array>>) => ({
    sha: commit,
    cardData: { license: 'apache-2.0' },
    siblings: Object.entries(files).map(([rfilename, bytes]) => {
      const stated = statements.get(rfilename) ?? {};
      const size = stated.size ?? bytes.length;
      const blobId = stated.blobId ?? createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
      const sha256 = stated.sha256 ?? createHash('sha256').update(bytes).digest('hex');
      return { rfilename, size, blobId, ...(/\.(gguf|safetensors)$/.test(rfilename) && { lfs: { sha256, size, pointerSize: 134 } }) };
    }),
  });
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.split('?')[0]!);
    requests.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    const [, asked] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/[^/]+$/.exec(path) ?? [];
    if (asked !== undefined) {
      const files = repositories[asked];
      if (!files) return void response.writeHead(404).end();
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list(files)));
    }
    if (hub.refuse) return hub.refuse(request, response);
    const [, repository, revision, name] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const bytes = revision === commit ? repositories[repository ?? '']?.[name ?? ''] : undefined;
    if (!bytes) return void response.writeHead(404).end();
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = bytes.subarray(start);
    if (start > 0) response.writeHead(206, { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`, 'content-length': rest.length });
    else response.writeHead(200, { 'content-length': rest.length });
    if (hub.cutAfter === 0 || rest.length <= hub.cutAfter) response.end(rest);
    else response.write(rest.subarray(0, hub.cutAfter), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: FakeHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    cutAfter: 0,
    refuse: undefined,
    statements,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
}
