import { FormatError, NotFoundError } from '../../core/index.ts';

/** Limits with their defaults filled in. */
export interface UnpackLimits {
  readonly entries: number;
  readonly unpackedBytes: number;
  readonly signal?: AbortSignal;
}

/** What an archive is refused with. */
export const refuse = (path: string, expected: string, got: string): FormatError =>
  new FormatError(`archive ${path}: expected ${expected}, got ${got}; nothing of it was kept, fetch it again or from another source`);

const nameLimit = 4096;

/** Notes a name, or refuses one that leads out of the archive, comes twice, or is one too many. */
export const nameKeeper = (path: string, { entries }: UnpackLimits): ((name: string) => void) => {
  const seen = new Set<string>();
  return (name) => {
    const shown = JSON.stringify(name.slice(0, 200));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (name === '' || name.length > nameLimit || /[\x00-\x1f\\]|^\/|^[A-Za-z]:|(^|\/)\.\.?(\/|$)/.test(name))
      throw refuse(path, 'paths that stay inside the archive', shown);
    if (seen.has(name)) throw refuse(path, 'every file once', `${shown} twice`);
    seen.add(name);
    if (seen.size > entries) throw refuse(path, `at most ${entries} files`, 'more');
  };
};

export const missing = (path: string, name: string): NotFoundError =>
  new NotFoundError(`archive ${path}: expected ${JSON.stringify(name.slice(0, 200))} in it, got no such file; check the name and the version`);
