import { constants, type FileHandle, open } from 'node:fs/promises';
import { FormatError } from '../core/index.ts';

/** Opens a file for reading. @throws FormatError for what is no file: a pipe would be waited for for ever, a device has no end */
export const openToRead = async (path: string, where: string): Promise<FileHandle> => {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe opens at once, whether or not somebody writes into it
  const about = await file.stat();
  if (about.isFile()) return file;
  await file.close();
  throw new FormatError(`${where}: expected a file, got ${about.isDirectory() ? 'a folder' : 'a pipe or a device'}; name a file`);
};
