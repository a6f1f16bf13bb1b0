import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gradients, nameOf, plan } from '../core/index.ts';
import { openEngine, tensorOf } from './index.ts';
import { descent, initial, transformer } from './testing/transformer.ts';

const lengths = { batch: 32, seq: 128 };

/** Bytes by which the engine process grows at most during one training step of a deep chain, and what the planner expects. */
async function peakOf(recompute: boolean, memory: 'fast' | 'least'): Promise<{ planned: number; measured: number }> {
  const { loss, parameters } = transformer({ layers: 12, hidden: 128, heads: 2, vocab: 32, recompute });
  const program = { name: 'step', outputs: { loss, ...descent(parameters, gradients(loss, parameters), 1e-3) } };
  await using engine = await openEngine({ process: true, threads: 2, memory });
  await using step = await engine.compile(program, new Map(parameters.map((node) => [nameOf(node), { kind: 'trainable' }])), { lengths });
  const rows = lengths.batch * lengths.seq;
  const shape = [lengths.batch, lengths.seq];
  const ids = Array.from({ length: rows }, (_, i) => (i * 7) % 32);
  await engine.put(Object.fromEntries([...initial(parameters)].map(([name, value]) => [name, tensorOf('float32', value.shape, value.data)])));
  const field = (name: string): number => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${engine.info.pid}/status`, 'utf8'))![1]);
  writeFileSync(`/proc/${engine.info.pid}/clear_refs`, '5'); // the peak counts from here
  const before = field('VmRSS');
  await step.run(
    { ids: tensorOf('int64', shape, ids), mask: tensorOf('bool', shape, new Uint8Array(rows).fill(1)) },
    {
      resident: Object.fromEntries(parameters.map((node) => [nameOf(node), nameOf(node)])),
      keep: Object.fromEntries(parameters.map((node) => [`new ${nameOf(node)}`, nameOf(node)])),
    },
  );
  return { planned: plan(program, { lengths }).peakBytes(lengths), measured: field('VmHWM') - before };
}

describe.skipIf(!existsSync('/proc/self/clear_refs'))('peak memory of a deep training step (needs /proc)', () => {
  it.each([false, true])('is the plan within 25 % (recompute: %s)', async (recompute) => {
    const { planned, measured } = await peakOf(recompute, 'least');
    console.log(`planned ${(planned / 1e6).toFixed(1)} MB, measured ${(measured / 1e6).toFixed(1)} MB`);
    expect(measured / planned).toBeLessThanOrEqual(1.25);
  });

  it('falls to a third or less with recomputation where buffers wait for the next value, too', async () => {
    const kept = await peakOf(false, 'fast');
    const recomputed = await peakOf(true, 'fast');
    console.log(
      `kept ${(kept.measured / 1e6).toFixed(1)} MB (planned ${(kept.planned / 1e6).toFixed(1)}), recomputed ${(recomputed.measured / 1e6).toFixed(1)} MB (planned ${(recomputed.planned / 1e6).toFixed(1)})`,
    );
    expect(recomputed.measured / kept.measured).toBeLessThan(1 / 3);
  });
});
