/** An error of the file system, with the code that the rooms' own errors have. No room is imported for it: every command line begins with this file, and `--help` waits for what it imports. */
export class FileError extends Error {
  readonly code: 'STORAGE' | 'READ_ONLY' | 'NOT_FOUND' | 'FORMAT';
  constructor(code: FileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const ours: Readonly<Record<string, (where: string) => Error>> = {
  ENOSPC: (where) => new FileError('STORAGE', `${where}: expected room on the disk, got none; free some, then give the same command again`),
  EDQUOT: (where) =>
    new FileError('STORAGE', `${where}: expected room on the disk, got the end of this account's share; free some, then give the same command again`),
  EFBIG: (where) =>
    new FileError('STORAGE', `${where}: expected to write the whole file, got a limit on the size of files; raise it (ulimit -f), then try again`),
  EIO: (where) => new FileError('STORAGE', `${where}: expected a sound disk, got an error of reading or writing; check the disk, then try again`),
  EACCES: (where) => new FileError('STORAGE', `${where}: expected the right to use it, got none; change its rights (chmod), or choose another place`),
  EPERM: (where) => new FileError('STORAGE', `${where}: expected the right to use it, got none; change its rights (chmod), or choose another place`),
  EROFS: (where) => new FileError('READ_ONLY', `${where}: expected a place that can be written, got a read-only file system; choose another place`),
  ENOENT: (where) => new FileError('NOT_FOUND', `${where}: expected a file or folder, got nothing at this path; check the spelling`),
  ENOTDIR: (where) => new FileError('NOT_FOUND', `${where}: expected folders on the way there, got a file; check the spelling`),
  EISDIR: (where) => new FileError('FORMAT', `${where}: expected a file, got a folder; name a file`),
  EEXIST: (where) => new FileError('FORMAT', `${where}: expected a folder, got a file; choose another place`),
};

/** What the file system says, in our words and with our codes; any other error as it is. `path` is what the user knows the file by; default: what the error names. */
export function fileError(error: unknown, path?: string): unknown {
  const { code, syscall, path: named } = (error ?? {}) as NodeJS.ErrnoException;
  const tell = typeof syscall === 'string' && typeof code === 'string' ? ours[code] : undefined;
  if (!tell) return error;
  const told = tell(path ?? named ?? 'a file');
  told.cause = error;
  return told;
}
