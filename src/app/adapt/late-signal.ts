/** A signal that is aborted so much later than another: what is under way then may end by itself before it is ended. */
export const lateSignal = (signal: AbortSignal, lateMs: number): AbortSignal => {
  if (signal.aborted) return signal;
  const late = new AbortController();
  signal.addEventListener('abort', () => void setTimeout(() => late.abort(signal.reason), lateMs).unref(), { once: true });
  return late.signal;
};
