import { readFile } from 'node:fs/promises';

/** The most memory a process ever held, in bytes; where the system does not say, what this one did. */
export const peakBytesOf = async (pid: number | undefined): Promise<number> => {
  const status = pid === undefined ? '' : await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return kilobytes === undefined ? process.resourceUsage().maxRSS * 1024 : Number(kilobytes) * 1024;
};
