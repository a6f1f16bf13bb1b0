import { readdirSync, readFileSync } from 'node:fs';

/**
 * Memory that a process and all below it hold now, in bytes: the sum of their proportional sets (`Pss` in /proc/PID/smaps_rollup), so a page that two of them share counts once. A page that somebody outside
 * shares counts in part only: start the tree from files that nobody else runs.
 *
 * @returns 0 where the process has ended
 */
export const treeBytes = (root: number): number => processTree(root).reduce((sum, pid) => sum + proportionalBytes(pid), 0);

/** A process and all below it. */
export const processTree = (root: number): number[] => {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it has ended
  }
};

// After the name, which may hold anything, come the state and the parent.
const parentOf = (pid: number): number | undefined => {
  const text = read(`/proc/${pid}/stat`);
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
};

const proportionalBytes = (pid: number): number => 1024 * Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0);
