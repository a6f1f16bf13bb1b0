import { input, matmul } from '../core/index.ts';
import { EngineError } from './errors.ts';
import { lower } from './lower.ts';
import { describeMachine } from './machine.ts';
import { forkHost } from './process-host.ts';
import type { Device } from './session.ts';
import { tensorOf } from './tensor.ts';

export type DeviceState = { readonly available: true; readonly name: string } | { readonly available: false; readonly reason: string };

const PROBE_MS = 30_000;

/** Which devices work here: each computes a small product in a process of its own, so that a driver that crashes or hangs harms nobody. */
export async function probeDevices(): Promise<Readonly<Record<Device, DeviceState>>> {
  return { cpu: { available: true, name: describeMachine().cpu }, webgpu: await probe('webgpu', 'WebGPU through onnxruntime') };
}

async function probe(device: Device, name: string): Promise<DeviceState> {
  const x = input('x', [2, 2]);
  const y = matmul(x, x);
  const lowered = await lower({ name: 'probe', outputs: { y } }, new Map(), [x, y]);
  const host = await forkHost({ quiet: true });
  let late: NodeJS.Timeout | undefined;
  try {
    const settings = { device, threads: 1, arena: false, prepack: true };
    const result = Promise.all([
      host.load(0, { ...lowered, settings }),
      host.run(0, { feeds: { x: tensorOf('float32', [2, 2], [1, 2, 3, 4]) }, resident: {}, keep: {}, fetch: ['y'] }),
    ]);
    const timeout = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS / 1000} s`)), PROBE_MS);
    });
    const [, { y: product }] = await Promise.race([result, timeout]);
    return [...(product!.data as Float32Array)].join() === '7,10,15,22'
      ? { available: true, name }
      : { available: false, reason: `computed ${[...product!.data].join()} for 7,10,15,22` };
  } catch (error) {
    // "… Failed to get a WebGPU adapter: No supported adapters": the words behind onnxruntime's source lines
    return { available: false, reason: (error instanceof Error ? error.message : String(error)).replace(/^.* was false\. /s, '') };
  } finally {
    clearTimeout(late);
    await host.close(new EngineError('engine: the probe of a device is over'));
  }
}
