import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { isIP } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { UnsupportedError } from '../../core/index.ts';

export interface Listening {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Takes no connection any more, and ends those that are open: once their answers are out, but within so long. Default: at once. */
  close(withinMs?: number): Promise<void>;
}

export interface ListenOptions {
  readonly port: number;
  readonly host?: string;
  /** Most at once. */
  readonly connections?: number;
  /** A connection on which nothing moves for so long is cut; 0: never (default). */
  readonly silentMs?: number;
}

const triedPorts = 50;

/**
 * Serves an app on a port, or on the next free one (port 0: any). Slow and idle connections are cut off.
 * Errors: UnsupportedError where no port is free or the address is not this machine's.
 */
export async function listen(
  app: { fetch(request: Request, env: never): Response | Promise<Response> },
  { port, host = '127.0.0.1', connections = 256, silentMs = 0 }: ListenOptions,
): Promise<Listening> {
  const server = createHttpServer(getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0]));
  server.headersTimeout = 10_000;
  server.requestTimeout = 120_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = connections;
  server.timeout = silentMs;
  for (let tried = 0; ; tried++) {
    const wanted = port === 0 ? 0 : port + tried;
    const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      server.once('error', resolve);
      server.listen(wanted, host, () => {
        server.off('error', resolve);
        resolve(null);
      });
    });
    if (!failure) break;
    const isTaken = failure.code === 'EADDRINUSE' || failure.code === 'EACCES';
    if (!isTaken || tried >= triedPorts || wanted >= 65_535)
      throw new UnsupportedError(`server: expected to listen on ${host}:${wanted}, got ${failure.code}; give another --port or --host.`);
  }
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`,
    port: bound,
    async close(withinMs = 0) {
      const closed = once(server, 'close');
      server.close();
      const idle = setInterval(() => server.closeIdleConnections(), 20);
      const end = setTimeout(() => server.closeAllConnections(), withinMs);
      await closed;
      clearInterval(idle);
      clearTimeout(end);
    },
  };
}
