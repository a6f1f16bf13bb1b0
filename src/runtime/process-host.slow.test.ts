import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const busy = (products: number): { child: ChildProcess; lines: AsyncIterator<string> } => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./testing/busy.ts', import.meta.url)), String(products)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // its own process group, so that a Ctrl-C can be sent to it and its engine alone
  });
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
};

const next = async (lines: AsyncIterator<string>): Promise<string | undefined> => (await lines.next()).value;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('engine process', () => {
  it('ends with a parent that is killed, even in the middle of a long run', async () => {
    const { child, lines } = busy(20_000);
    const engine = Number(await next(lines));
    expect(alive(engine)).toBe(true);
    await pause(500);
    child.kill('SIGKILL');
    const start = performance.now();
    while (alive(engine) && performance.now() - start < 20_000) await pause(50);
    expect(alive(engine)).toBe(false);
  });

  it('leaves Ctrl-C to its parent: the run goes on', async () => {
    const { child, lines } = busy(100);
    await next(lines);
    await pause(100);
    process.kill(-child.pid!, 'SIGINT');
    expect([await next(lines), await next(lines)].sort()).toEqual(['done', 'interrupted']);
  });

  it('does not keep a parent alive that has nothing more to do', async () => {
    const { child, lines } = busy(1);
    await next(lines);
    expect(await next(lines)).toBe('done');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
  });
});
