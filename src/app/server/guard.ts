import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import { ConfigError } from '../../core/index.ts';
import { problem } from './problem.ts';

export interface GuardOptions {
  /** The address the server listens on. */
  readonly host: string;
  /** Needed for every `/api` and `/v1` request where given. */
  readonly token?: string | undefined;
  /** Other names of this server, without a port. */
  readonly names?: readonly string[] | undefined;
  /** Paths that need the token; default all below `/api` and `/v1`. */
  readonly isData?: (path: string) => boolean;
  /** Writes a refusal; default in the form of `/api`. */
  readonly refuse?: (c: Context, status: 401 | 403, code: string, message: string) => Response;
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export const isLoopback = (host: string): boolean => loopbackNames.has(host) || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** @throws ConfigError for an address that others can reach without a token */
export function requireToken(host: string, token: string | undefined): void {
  if (!isLoopback(host) && !token)
    throw new ConfigError(`server: expected a token for the address ${host}, which others can reach, got none; give one, or listen on 127.0.0.1.`);
}

const hostname = (header: string): string => header.toLowerCase().replace(/:\d+$/, '');

/**
 * A web page elsewhere must not reach this server through the user's browser: a name that resolves to this machine (DNS rebinding) fails at `Host`,
 * a form or script of another site at `Origin` and `Sec-Fetch-Site`, and on another address than loopback every request for data needs the token.
 */
export function guard({ host, token, names = [], isData = (path) => /^\/(api|v1)(\/|$)/.test(path), refuse = problem }: GuardOptions): MiddlewareHandler {
  const everywhere = host === '0.0.0.0' || host === '::';
  const own = isIP(host) === 6 ? `[${host}]` : host.toLowerCase();
  const others = new Set(names.map((name) => name.toLowerCase()));
  const isOurs = (name: string) => loopbackNames.has(name) || name === own || others.has(name) || (everywhere && isIP(name.replace(/^\[|\]$/g, '')) !== 0);
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = token === undefined ? null : digest(`Bearer ${token}`);

  return async (c, next) => {
    const hostHeader = c.req.header('host') ?? '';
    if (!isOurs(hostname(hostHeader)))
      return refuse(c, 403, 'HOST', `Host: expected the address this server listens on, got ${JSON.stringify(hostHeader)}; open the address it printed.`);
    const origin = c.req.header('origin');
    if (origin !== undefined && origin !== `http://${hostHeader}` && origin !== `https://${hostHeader}`) {
      return refuse(c, 403, 'ORIGIN', `Origin: expected this server's own page, got ${JSON.stringify(origin)}; requests of other sites are refused.`);
    }
    const data = isData(c.req.path);
    const site = c.req.header('sec-fetch-site');
    if (data && site !== undefined && site !== 'same-origin' && site !== 'none') {
      return refuse(c, 403, 'ORIGIN', `Sec-Fetch-Site: expected same-origin, got ${JSON.stringify(site)}; requests of other sites are refused.`);
    }
    if (data && expected && !timingSafeEqual(expected, digest(c.req.header('authorization') ?? ''))) {
      c.header('WWW-Authenticate', 'Bearer');
      return refuse(c, 401, 'TOKEN', 'Authorization: expected the token this server printed at its start; open the printed address, which carries it.');
    }
    return next();
  };
}
