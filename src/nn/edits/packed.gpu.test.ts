import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine, probeDevices } from '../../runtime/index.ts';
import { packedCase, packedForms } from './testing/packed-case.ts';
import { inPractice, inTheory, largestDifference, numbers } from './testing/tiny-bert.ts';

const { webgpu } = await probeDevices();
const why = webgpu.available ? '' : ` (skipped: ${webgpu.reason})`;

describe.skipIf(!webgpu.available)(`Packed weights on WebGPU${why}`, () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ process: true, device: 'webgpu' });
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it.each(packedForms)('in $bits bits, blocks of $block, minimums $minimums: give what the float weight gives', async (form) => {
    for (const activations of ['float', 'int8'] as const) {
      const { packed, plain, values } = packedCase(form, activations);
      const wanted = inTheory({ y: plain }, values)['y']!.data;
      const practice = numbers((await inPractice(engine, { y: packed }, values))['y']!);
      // Whether activations are rounded is the device's choice.
      expect(largestDifference(practice, wanted)).toBeLessThan(activations === 'float' ? 1e-5 : 0.03);
    }
  });
});
