import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../core/index.ts';
import { probeDevices } from '../../runtime/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { writeTinyModel } from '../testing/tiny-language-model.ts';
import { openLanguageModelApart } from './open-language-model-apart.ts';

const { webgpu } = await probeDevices();
const why = webgpu.available ? '' : ` (skipped: ${webgpu.reason})`;

describe.skipIf(!webgpu.available)(`A language model on WebGPU${why}`, () => {
  let folder: string;
  const own = ownHome();
  beforeAll(async () => {
    folder = await writeTinyModel(join(own.path, 'tiny'));
  });
  const schema = { type: 'object', properties: { tags: { type: 'array', items: { enum: ['a', 'b'] } } }, required: ['tags'], additionalProperties: false };

  it.each(['auto', 'f32', 'int4'] as const)('writes with %s weights what it writes on the CPU, several answers at once', async (weights) => {
    const answers = [];
    for (const device of ['cpu', 'webgpu'] as const) {
      await using model = await openLanguageModelApart(folder, { threads: 1, device, weights });
      expect(model.info.weights).toBe(weights === 'auto' ? 'f32' : weights);
      const requests = [
        { prompt: 'abc', maxTokens: 12 },
        { prompt: 'Once upon a time', maxTokens: 6, temperature: 1, seed: 4 },
        { prompt: 'Tags:', maxTokens: 20, schema },
      ];
      const texts = await Promise.all(requests.map(async (request) => (await model.generate(request)).text));
      answers.push({ texts, logprob: (await model.logprobs('The ', 'quick brown fox')).logprob });
    }
    const [cpu, gpu] = answers as [(typeof answers)[0], (typeof answers)[0]];
    // In blocks the two round activations differently, and where two tokens are nearly as good that decides.
    const same = weights === 'int4' ? 1 : 3;
    expect(gpu.texts.slice(0, same)).toEqual(cpu.texts.slice(0, same));
    expect(JSON.parse(gpu.texts[2]!)).toHaveProperty('tags');
    expect(Math.abs(gpu.logprob - cpu.logprob) / Math.abs(cpu.logprob)).toBeLessThan(weights === 'int4' ? 0.01 : 1e-5);
  });

  it('says that whole numbers have no kernels there', async () => {
    const opening = openLanguageModelApart(folder, { threads: 1, device: 'webgpu', weights: 'int8' });
    await expect(opening).rejects.toThrow(UnsupportedError);
    await expect(opening).rejects.toThrow(/int8.*--weights int4, or --device cpu/);
  });

  it('completes on the command line', () => {
    const complete = (device: string) =>
      spawnSync(
        process.execPath,
        ['bin/lyceum.js', 'complete', '--model', folder, 'abc', '--max-tokens', '8', '--json', '--device', device, '--threads', '1'],
        {
          encoding: 'utf8',
        },
      );
    const [cpu, gpu] = ['cpu', 'webgpu'].map(complete) as [ReturnType<typeof complete>, ReturnType<typeof complete>];
    expect(gpu.status, gpu.stderr).toBe(0);
    expect(JSON.parse(gpu.stdout).tokenIds).toEqual(JSON.parse(cpu.stdout).tokenIds);
  });
});
