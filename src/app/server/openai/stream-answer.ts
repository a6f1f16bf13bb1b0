import type { Context } from 'hono';
import type { Serving, ServingEnv } from './context.ts';
import { refusalOf } from './refusal.ts';
import type { Run } from './run.ts';
import { openSse } from './sse.ts';

/**
 * Answers with a stream of what `work` sends. What fails before anything was sent is an answer of its own with a status; what fails later, an event.
 *
 * @throws what `work` threw before it sent something
 */
export async function streamAnswer(
  c: Context<ServingEnv>,
  serving: Serving,
  run: Run,
  work: (send: (data: object) => void) => Promise<void>,
): Promise<Response> {
  const sink = openSse(c, serving.limits);
  sink.gone.addEventListener('abort', () => run.stop(sink.gone.reason), { once: true });
  const done = work(sink.send).then(() => {
    sink.send('[DONE]');
    sink.end();
  });
  await Promise.race([sink.begun, done]);
  done.catch((error: unknown) => {
    if (!sink.gone.aborted && refusalOf(error).status !== 499) serving.failed(error);
    sink.fail(error);
  });
  return sink.open();
}
