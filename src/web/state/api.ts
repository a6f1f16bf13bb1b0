import type { Problem } from './types.ts';

/** A request that was refused or did not arrive; `status` 0 means the server could not be reached. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const tokenKey = 'lyceum.token';

/** The access token of a server on another address: taken once from the printed address, then kept for this browser session and gone from the address. */
export function takeToken(): void {
  const query = new URLSearchParams(location.search);
  const given = new URLSearchParams(location.hash.slice(1)).get('token') ?? query.get('token');
  if (!given) return;
  sessionStorage.setItem(tokenKey, given);
  query.delete('token');
  history.replaceState(history.state, '', location.pathname + (query.size > 0 ? `?${query}` : ''));
}

export const token = (): string | null => sessionStorage.getItem(tokenKey);

interface RequestOptions {
  readonly body?: BodyInit;
  readonly type?: string;
  readonly signal?: AbortSignal;
}

/** An answer that is no refusal. */
async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' });
  if (options.type) headers.set('content-type', options.type);
  const bearer = token();
  if (bearer) headers.set('authorization', `Bearer ${bearer}`);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      ...(options.body !== undefined && { body: options.body }),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new RequestError(0, 'UNREACHABLE', 'The Lyceum server does not answer. Start it again with `lyceum open`; this page will reconnect.');
  }
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const problem = (body as Problem | null)?.error;
  throw new RequestError(response.status, problem?.code ?? 'HTTP', problem?.message ?? `The server answered ${response.status}.`);
}

async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  return (response.status === 204 ? undefined : await response.json().catch(() => null)) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>('GET', path, signal ? { signal } : {});
export const post = <T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> =>
  request<T>('POST', path, { body: JSON.stringify(body), type: 'application/json', ...(signal && { signal }) });
export const putBytes = <T>(path: string, body: Blob): Promise<T> => request<T>('PUT', path, { body, type: 'application/octet-stream' });
export const remove = <T>(path: string): Promise<T> => request<T>('DELETE', path);
/** An answer that is a text. */
export const getText = async (path: string): Promise<string> => (await send('GET', path, {})).text();
/** An answer that comes bit by bit. */
export const stream = (path: string, body: unknown, signal: AbortSignal): Promise<Response> =>
  send('POST', path, { body: JSON.stringify(body), type: 'application/json', signal });
