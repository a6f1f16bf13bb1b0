import { fileError } from '../file-error.ts';

const badInput = new Set(['CONFIG', 'FORMAT', 'NOT_FOUND', 'SHAPE', 'UNSUPPORTED', 'AMBIGUOUS']);

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
};

/** Where what was open could not be closed either, what failed first is what the user is told. */
const whatFailed = (thrown: unknown): unknown => (thrown instanceof SuppressedError ? whatFailed(thrown.suppressed) : fileError(thrown));

/** Exit code for an error: 130 cancelled, 2 bad input or usage, else 1. */
export const exitCodeOf = (thrown: unknown): number => {
  const error = whatFailed(thrown);
  const code = codeOf(error);
  if (code === 'CANCELLED' || code === 'ABORT_ERR' || (error as { name?: string } | null)?.name === 'AbortError') return 130;
  return code !== undefined && badInput.has(code) ? 2 : 1;
};

/** One line for a person; LYCEUM_DEBUG=1 adds the stack. */
export const messageOf = (thrown: unknown): string => {
  const error = whatFailed(thrown);
  if (!(error instanceof Error)) return `lyceum: ${String(error)}`;
  const code = codeOf(error);
  // Messages of some rooms end with their code, which stands in parentheses here.
  const line = `lyceum: ${error.message.replace(/ \[[A-Z_]+\]$/, '')}${code === undefined || code === 'CANCELLED' ? '' : ` (${code})`}`;
  return process.env['LYCEUM_DEBUG'] === '1' && error.stack !== undefined ? `${line}\n${error.stack}` : line;
};
