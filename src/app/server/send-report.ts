import type { Context } from 'hono';

/** Sends a report with the policy under which it runs and fetches nothing; the workbench may show it in a frame. */
export const sendReport = async (c: Context, html: string) => {
  const { reportPolicy } = await import('../../report/index.ts'); // with it comes all that draws
  c.header('Content-Security-Policy', `${reportPolicy}; frame-ancestors 'self'`);
  c.header('X-Frame-Options', 'SAMEORIGIN');
  return c.html(html, 200);
};
