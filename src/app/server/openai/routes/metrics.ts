import type { ServingRoute } from '../context.ts';

/** `GET /metrics`, in the text format of Prometheus. */
export const metricsRoute: ServingRoute = (app, serving) =>
  app.get('/metrics', async (c) => {
    await serving.load();
    return c.text(serving.metrics.print(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  });
