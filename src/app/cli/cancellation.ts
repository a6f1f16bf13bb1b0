import { CancelledError } from '../errors.ts';

let told: CancelledError | undefined;

/** What was cancelled, and how to go on: whichever part of the work it was that said so first. */
export const whatWasCancelled = (): CancelledError | undefined => told;

/**
 * Turns Ctrl-C (and SIGTERM) into an abort. A second Ctrl-C ends the process at once.
 *
 * @param resume  how to go on afterwards
 */
export function cancellation(resume: string): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    told = new CancelledError(`cancelled; ${resume}`);
    controller.abort(told);
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
