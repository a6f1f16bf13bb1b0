import { CancelledError } from '../errors.ts';

/**
 * Turns Ctrl-C (and SIGTERM) into an abort. A second Ctrl-C ends the process at once.
 *
 * @param resume  how to go on afterwards
 */
export function cancellation(resume: string): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new CancelledError(`cancelled; ${resume}`));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
