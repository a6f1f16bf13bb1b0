const badInput = new Set(['CONFIG', 'FORMAT', 'NOT_FOUND', 'SHAPE', 'UNSUPPORTED', 'AMBIGUOUS', 'USAGE', 'ENOENT', 'ENOTDIR', 'EISDIR']);

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
};

/** Exit code for an error: 130 cancelled, 2 bad input or usage, else 1. */
export const exitCodeOf = (error: unknown): number => {
  const code = codeOf(error);
  if (code === 'CANCELLED' || code === 'ABORT_ERR' || (error as { name?: string } | null)?.name === 'AbortError') return 130;
  return code !== undefined && badInput.has(code) ? 2 : 1;
};

/** One line for a person; LYCEUM_DEBUG=1 adds the stack. */
export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return `lyceum: ${String(error)}`;
  const code = codeOf(error);
  const line = `lyceum: ${error.message}${code === undefined || code === 'CANCELLED' ? '' : ` (${code})`}`;
  return process.env['LYCEUM_DEBUG'] === '1' && error.stack !== undefined ? `${line}\n${error.stack}` : line;
};
