// What PEFT itself makes of the folders written here.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../core/index.ts';
import { openSafetensors } from '../../formats/index.ts';
import { causalFixture, relativeDifference } from '../../models/testing/causal-fixture.ts';
import { adapt, type Method, methodOf } from '../index.ts';
import { peftForm } from './peft-form.ts';
import { saveAdapter } from './save-adapter.ts';
import { folderSource, ggufSource, logitsOf, randomValues } from './testing/sources.ts';

const peers = fileURLToPath(new URL('../../../bench/peers/', import.meta.url));
const python = join(peers, 'venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const hasPeft = ((): boolean => {
  try {
    execFileSync(python, ['-c', 'import peft'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // npm run bench:peers installs it
  }
})();

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'lyceum-peft-'));
});
afterAll(() => rm(work, { recursive: true }));

const methods: readonly Method[] = [
  methodOf('lora', { rank: 3, alpha: 5 }),
  methodOf('lora', { rank: 2, alpha: 5, scaling: 'rslora', targets: ['attn.q', 'attn.v', 'mlp.down'] }),
  methodOf('dora', { rank: 2, alpha: 3, targets: ['attn.q', 'attn.k', 'mlp.up'] }),
  methodOf('ia3'),
  methodOf('ia3', { outputs: ['attn.q'], inputs: ['mlp.up'] }),
  methodOf('prompt', { tokens: 3 }),
];

/** Rows of chosen texts, without those of the virtual tokens before them. */
const textsOnly = ({ shape, data }: Tensor, texts: readonly number[], virtual: number): Tensor => {
  const [, seq, vocab] = shape as readonly [number, number, number];
  return tensor(
    [texts.length, seq - virtual, vocab],
    texts.flatMap((b) => [...data.slice((b * seq + virtual) * vocab, (b + 1) * seq * vocab)]),
  );
};

describe.skipIf(!hasPeft)('PEFT (npm run bench:peers) loads every tensor, and computes the same logits', () => {
  it.each([
    ['llama', folderSource],
    ['llama', ggufSource],
    ['gpt2', folderSource],
    ['gpt-neox', folderSource],
    ['gemma3', folderSource],
  ] as const)(
    'on %s, %o',
    async (name, open) => {
      const [source, { mask }] = [await open(work, name), await causalFixture(name)];
      await folderSource(work, name);
      const [batch, seq] = mask.shape as readonly [number, number];
      const whole = Array.from({ length: batch }, (_, b) => b).filter((b) => mask.data.slice(b * seq, (b + 1) * seq).every((one) => one === 1));
      expect(whole).not.toEqual([]);
      const known = methods.filter((method) => peftForm(source, method, 'tiny').notPeft === undefined);
      expect(known.length).toBeGreaterThanOrEqual(4);
      const saved: { readonly method: Method; readonly wanted: Tensor; readonly folder: string; readonly out: string }[] = [];
      for (const [i, method] of known.entries()) {
        const [folder, out] = [join(work, `${name}-${i}`), join(work, `${name}-${i}.safetensors`)];
        const values = await randomValues(source, method);
        await saveAdapter(folder, { method, values, source, base: { name: 'tiny', sha256: 'a'.repeat(64) }, training: {} });
        const virtual = method.kind === 'prompt' ? 3 : 0;
        const wanted = await logitsOf(source, name, (program) => adapt(program, method).program, values, virtual);
        saved.push({ method, wanted: virtual > 0 ? textsOnly(wanted, whole, virtual) : wanted, folder, out });
      }
      const folders = saved.flatMap(({ folder, out }) => [folder, out]);
      const model = join(work, name);
      execFileSync(python, [join(peers, 'peft_logits.py'), model, join(model, 'model.safetensors'), ...folders], { stdio: ['ignore', 'ignore', 'pipe'] });
      for (const { method, wanted, out } of saved) {
        const { shape, data } = await (await openSafetensors(out)).read('logits');
        expect(shape).toEqual(wanted.shape);
        const found = { data: Float64Array.from(data as Float32Array) };
        expect(relativeDifference(found, wanted, method.kind === 'prompt' ? undefined : mask), method.kind).toBeLessThan(1e-5);
      }
    },
    240_000,
  );
});
