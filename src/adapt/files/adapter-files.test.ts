import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, FormatError, NotFoundError, tensor, UnsupportedError } from '../../core/index.ts';
import { openSafetensors } from '../../formats/index.ts';
import { type CausalSource, mergedSource, openAdapter } from '../../models/index.ts';
import { causalFixture, relativeDifference } from '../../models/testing/causal-fixture.ts';
import { adapt, type Method, methodKinds, methodOf } from '../index.ts';
import { openAdapted } from './open-adapted.ts';
import { saveAdapter } from './save-adapter.ts';
import { everyMethod, folderSource, ggufSource, logitsOf, randomValues } from './testing/sources.ts';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'lyceum-adapter-files-'));
});
afterAll(() => rm(work, { recursive: true }));

const base = { name: 'tiny', sha256: 'a'.repeat(64) };
const options = { baseSha256: async () => base.sha256 };
const training = { steps: 3, loss: 1.25, data: ['one.jsonl'] };
let made = 0;
const save = async (method: Method, source: CausalSource): Promise<{ folder: string; values: Map<string, Float32Array> }> => {
  const [folder, values] = [join(work, `adapter-${made++}`), await randomValues(source, method)];
  await saveAdapter(folder, { method, values, source, base, training });
  return { folder, values };
};
const dataOf = (weights: ReadonlyMap<string, { readonly data: Float32Array }>): Map<string, Float32Array> =>
  new Map([...weights].map(([name, { data }]) => [name, data]));

const models = [
  ['llama', folderSource],
  ['llama', ggufSource],
  ['gpt2', folderSource],
  ['gpt-neox', folderSource],
  ['gemma3', folderSource],
] as const;

describe.each(models)('on %s, %o', (name, open) => {
  let source: CausalSource;
  let mask: Awaited<ReturnType<typeof causalFixture>>['mask'];
  beforeAll(async () => {
    source = await open(work, name);
    ({ mask } = await causalFixture(name));
  });

  it('an adapter of every method comes back as it was, computes what it did, and lies in weights where it can', async () => {
    const kinds = new Set<string>();
    for (const method of everyMethod(source)) {
      kinds.add(method.kind);
      const { folder, values } = await save(method, source);
      const opened = await openAdapted(folder, source, options);
      expect([opened.method!.kind, opened.method!.options, opened.record]).toMatchObject([method.kind, method.options, { format: 1, base, training }]);
      const { virtualTokens } = opened;
      const visible = tensor([mask.shape[0]!, virtualTokens + mask.shape[1]!], Array.from({ length: mask.shape[0]! }, (_, b) => [...Array(virtualTokens).fill(1), ...mask.data.slice(b * mask.shape[1]!, (b + 1) * mask.shape[1]!)]).flat()); // biome-ignore format: rows
      // What new values of the model's own parameters do is what the model does with them.
      const trained: CausalSource = { ...source, values: async (parameter) => values.get(parameter) ?? source.values(parameter) };
      const wanted = opened.inWeights
        ? await logitsOf(trained, name)
        : await logitsOf(source, name, (program) => adapt(program, method).program, values, virtualTokens);
      const plain = await logitsOf(source, name);
      if (virtualTokens === 0) expect(relativeDifference(wanted, plain, mask), method.kind).toBeGreaterThan(1e-3);
      if (opened.unmergeable === undefined) {
        const merged = mergedSource(source, opened);
        expect(relativeDifference(await logitsOf(merged, name), wanted, mask), method.kind).toBeLessThan(2e-6);
      } else {
        expect(() => mergedSource(source, opened)).toThrow(UnsupportedError);
        expect(() => opened.merge('blocks.0.mlp.up.weight', new Float32Array())).toThrow(opened.unmergeable);
      }
      expect([...opened.values.keys()].sort()).toEqual([...values.keys()].sort());
      for (const [parameter, data] of values)
        for (const [i, value] of opened.values.get(parameter)!.entries())
          expect(Math.abs(value - data[i]!)).toBeLessThanOrEqual(method.kind === 'prompt' ? 1e-6 : 0);
      if (opened.inWeights) continue;
      expect(relativeDifference(await logitsOf(source, name, opened.apply, dataOf(opened.weights), virtualTokens), wanted, visible), method.kind).toBeLessThan(
        1e-6,
      );
    }
    expect([...kinds].sort()).toEqual([...methodKinds].sort());
  }, 60_000);

  it('a LoRA is what PEFT has: read as PEFT’s, on the model from whatever file, it computes the same', async () => {
    const hub = await folderSource(work, name);
    for (const method of everyMethod(source).filter(({ kind }) => kind === 'lora')) {
      const { folder, values } = await save(method, source);
      const wanted = await logitsOf(source, name, (program) => adapt(program, method).program, values);
      for (const other of [source, hub]) {
        const { apply, weights } = await openAdapter(folder, other);
        expect(relativeDifference(await logitsOf(other, name, apply, dataOf(weights)), wanted, mask)).toBeLessThan(1e-6);
      }
    }
  });
});

describe('an adapter’s folder', () => {
  let source: CausalSource;
  beforeAll(async () => {
    source = await folderSource(work, 'llama');
  });
  const lora = methodOf('lora', { rank: 2 });

  it('is what PEFT has, with a record beside it', async () => {
    const { folder } = await save(lora, source);
    expect((await readdir(folder)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'lyceum.json']);
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 16,
      use_dora: false,
      target_modules: ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'],
    });
    const gpt2 = await folderSource(work, 'gpt2');
    const { folder: joined } = await save(methodOf('lora', { rank: 2, targets: ['attn.q', 'attn.v', 'mlp.down'] }), gpt2);
    expect(JSON.parse(await readFile(join(joined, 'adapter_config.json'), 'utf8'))).toMatchObject({
      target_modules: ['attn.c_attn', 'mlp.c_proj'],
      fan_in_fan_out: true,
      rank_pattern: { 'transformer\\.h\\.0\\.attn\\.c_attn': 4 },
      alpha_pattern: { 'transformer\\.h\\.0\\.attn\\.c_attn': 32 },
    });
  });

  it('of a method that PEFT has not is refused there, and its tensors are named alike', async () => {
    const { folder } = await save(methodOf('loramoe', { experts: 2, rank: 3, targets: ['mlp.up'] }), source);
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({ peft_type: 'LYCEUM_LORAMOE', experts: 2, rank: 3 });
    const { hidden } = source.member.config;
    const file = await openSafetensors(join(folder, 'adapter_model.safetensors'));
    const up = [...file.tensors].filter(([name]) => name.includes('layers.1.')).map(([name, { shape }]) => [name.replace(/^.*mlp\./, ''), shape]);
    expect(Object.fromEntries(up)).toMatchObject({ 'up_proj.lora_A.weight': [6, hidden], 'up_proj.lora_route.weight': [2, hidden] });
    // Factors that scale a bias in PEFT and not here.
    const { folder: biased } = await save(methodOf('ia3'), await folderSource(work, 'gpt2'));
    expect(JSON.parse(await readFile(join(biased, 'adapter_config.json'), 'utf8')).peft_type).toBe('LYCEUM_IA3');
  });

  it('replaces an adapter, and nothing else; what fails leaves what was there', async () => {
    const { folder, values } = await save(lora, source);
    const before = await readFile(join(folder, 'lyceum.json'), 'utf8');
    await saveAdapter(folder, { method: lora, values, source, base, training: { steps: 4 } });
    const after = await readFile(join(folder, 'lyceum.json'), 'utf8');
    expect([JSON.parse(before).training.steps, JSON.parse(after).training.steps]).toEqual([3, 4]);
    const [first] = values.keys();
    const without = new Map([...values].slice(1));
    const saving = saveAdapter(folder, { method: lora, values: without, source, base, training });
    await expect(saving).rejects.toThrow(new RegExp(`expected values of ${first}, got none`));
    const short = new Map(values).set(first!, new Float32Array(3));
    await expect(saveAdapter(folder, { method: lora, values: short, source, base, training })).rejects.toThrow(/got 3 values/);
    const broken: CausalSource = { ...source, values: () => Promise.reject(new Error('the disk is gone')) };
    const dora = methodOf('dora', { rank: 2 });
    const failing = saveAdapter(folder, { method: dora, values: await randomValues(source, dora), source: broken, base, training });
    await expect(failing).rejects.toThrow('the disk is gone');
    expect(await readFile(join(folder, 'lyceum.json'), 'utf8')).toBe(after);
    expect((await readdir(work)).filter((name) => name.startsWith('.'))).toEqual([]);
    await writeFile(join(folder, 'diary.txt'), 'dear diary');
    await expect(saveAdapter(folder, { method: lora, values, source, base, training })).rejects.toThrow(/got one with diary\.txt in it/);
  });

  it('may lie in the folder of a run', async () => {
    const { values } = await save(lora, source);
    await saveAdapter(join(work, 'run', 'adapter'), { method: lora, values, source, base, training });
    await writeFile(join(work, 'run', 'run.json'), '{}');
    expect((await openAdapted(join(work, 'run'), source, options)).record!.training).toEqual(training);
  });

  it('is refused on another model, and where it is damaged, changed or a part', async () => {
    const refused = async (folder: string, kind: new (message: string) => Error, message: RegExp, on = source): Promise<void> => {
      await expect(openAdapted(folder, on, options)).rejects.toThrow(kind);
      await expect(openAdapted(folder, on, options)).rejects.toThrow(message);
    };
    const { folder } = await save(lora, source);
    const other = openAdapted(folder, source, { baseSha256: async () => 'b'.repeat(64) });
    await expect(other).rejects.toThrow(/expected the model it was trained on, tiny with weights aaaaaaaaaaaa…, got weights bbbbbbbbbbbb…; open that model/);
    await refused(join(work, 'nowhere'), NotFoundError, /give the folder of an adapter/);
    // Of the same hash, and yet another one.
    await refused(folder, FormatError, /expected base_model\..* the record beside it is of another adapter/, await folderSource(work, 'qwen3'));
    const [weights, record] = [join(folder, 'adapter_model.safetensors'), join(folder, 'lyceum.json')];
    const [bytes, text] = [await readFile(weights), await readFile(record, 'utf8')];
    await writeFile(weights, bytes.with(-5, bytes.at(-5)! ^ 1));
    await refused(folder, FormatError, /it was damaged or changed/);
    await rm(weights);
    await refused(folder, NotFoundError, /expected adapter_model\.safetensors, got none/);
    await writeFile(weights, bytes);
    const changed = async (change: object): Promise<void> => writeFile(record, JSON.stringify({ ...JSON.parse(text), ...change }));
    await changed({ format: 2 });
    await refused(folder, UnsupportedError, /a newer Lyceum wrote it/);
    await changed({ method: { kind: 'magic', options: {} } });
    await refused(folder, ConfigError, /expected a kind of .*lora.*, got "magic"/);
    await changed({ method: { kind: 'lora', options: { rank: 3 } } });
    await refused(folder, FormatError, /expected base_model.* \[3, 16\], got \[2, 16\]/);
    await changed({ method: { kind: 'lora', options: { rank: 2, targets: 'mlp' } } });
    await refused(folder, FormatError, /expected 12 tensors, got 28/);
    await changed({ base: { name: 'tiny' } });
    await refused(folder, FormatError, /base\.sha256/);
    await writeFile(record, text.slice(0, 30));
    await refused(folder, FormatError, /expected JSON/);
    // NaN, with a record that agrees.
    const { values } = await save(lora, source);
    values.values().next().value![0] = Number.NaN;
    await saveAdapter(join(work, 'nan'), { method: lora, values, source, base, training });
    await refused(join(work, 'nan'), FormatError, /NaN/);
  });

  it('keeps norms as the reference has them, where the model’s own file counts them from one', async () => {
    const from: CausalSource = { ...source, member: { ...source.member, hub: { ...source.member.hub, normShift: -1 } } };
    const { folder, values } = await save(methodOf('full', { parts: ['norm'] }), from);
    const file = await openSafetensors(join(folder, 'adapter_model.safetensors'));
    const { data } = await file.read('base_model.model.model.layers.0.input_layernorm.weight');
    expect([...(data as Float32Array)]).toEqual([...values.get('blocks.0.norm1.weight')!.map((value) => value - 1)]);
    const { merge } = await openAdapted(folder, from, options);
    for (const [i, value] of merge('blocks.0.norm1.weight', new Float32Array()).entries())
      expect(value).toBeCloseTo(values.get('blocks.0.norm1.weight')![i]!, 6);
  });
});
