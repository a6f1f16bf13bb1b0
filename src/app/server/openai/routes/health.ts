import type { ServingRoute } from '../context.ts';

/** `GET /health`: 200 when requests are taken, 503 when the server is closing or has lost its model. Needs no token. */
export const healthRoute: ServingRoute = (app, { state }) =>
  app.get('/health', (c) => c.json({ status: state() === 'ready' ? 'ok' : state() }, state() === 'ready' ? 200 : 503));
