import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Peak of the heap in bytes, and room for new objects at the end, of a process whose objects each live for a while: some 10 MB are alive at any time. */
const heapOf = async (isBounded: boolean): Promise<{ peakBytes: number; newBytes: number }> => {
  const module = new URL('./bound-heap.ts', import.meta.url).href;
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { setImmediate as turn } from 'node:timers/promises';
    import { boundHeap } from ${JSON.stringify(module)};
    if (${isBounded}) boundHeap(1);
    const alive = Array.from({ length: 100_000 }, () => null);
    let peakBytes = 0;
    for (let i = 0; i < 6_000_000; i++) {
      alive[(i * 7919) % alive.length] = { i, next: { i: i + 1 } };
      if (i % 20_000 === 0) {
        await turn();
        peakBytes = Math.max(peakBytes, process.memoryUsage().heapTotal);
      }
    }
    const newBytes = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;
    console.log(JSON.stringify({ peakBytes, newBytes }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return JSON.parse(stdout);
};

it('the heap of a process that is bounded stays near what lives, which that of another does not', async () => {
  const [bounded, free] = [await heapOf(true), await heapOf(false)];
  expect(bounded.newBytes).toBeLessThan(free.newBytes / 2);
  expect(bounded.peakBytes).toBeLessThan(free.peakBytes / 2);
});
