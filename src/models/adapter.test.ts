import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, FormatError, NotFoundError, type Program, type Tensor, tensor, UnsupportedError } from '../core/index.ts';
import { openSafetensors, writeSafetensors } from '../formats/index.ts';
import { inTheory } from '../nn/edits/testing/tiny-bert.ts';
import { causalInputs } from '../nn/index.ts';
import { llamaHubForm } from './family.ts';
import { type Adapter, arrange, type CausalSource, causalSource, type LlamaConfig, llama, openAdapter } from './index.ts';
import { causalFixture, relativeDifference } from './testing/causal-fixture.ts';
import { adapterFixture, fixtureFolder } from './testing/fixture-folder.ts';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'lyceum-adapter-'));
});
afterAll(() => rm(work, { recursive: true }));

const open = async (base: string): Promise<CausalSource> => causalSource({ kind: 'folder', folder: await fixtureFolder(join(work, base), base) });
const expectedOf = async (name: string): Promise<Tensor> => {
  const { shape, data } = await (await openSafetensors(join(adapterFixture(name), 'expected.safetensors'))).read('logits');
  return tensor(shape, Array.from(data as Float32Array));
};
const branchesOf = ({ weights }: Adapter): [string, Tensor][] => [...weights].map(([name, { shape, data }]) => [name, tensor(shape, data)]);

const cases = [
  ['llama', 'llama', 2 * 5],
  ['llama-rslora', 'llama', 2 * 2 + 1],
  ['qwen3', 'qwen3', 2],
  ['gpt2', 'gpt2', 2 * 6],
  ['gpt-neox', 'gpt-neox', 2 * 4 + 1],
  ['gemma3', 'gemma3', 3 * 6],
] as const;

describe('an adapter', () => {
  it.each(cases)('of PEFT gives its logits: %s', async (name, base, count) => {
    const [source, fixture] = [await open(base), await causalFixture(base)];
    const adapter = await openAdapter(adapterFixture(name), source);
    expect(adapter.sites).toHaveLength(count);
    const program: Program = { name: base, outputs: { logits: source.member.build(causalInputs(source.member.config)).logits } };
    const given = new Map([...fixture.weights, ['ids', fixture.ids], ['mask', fixture.mask], ['positions', fixture.positions]] as [string, Tensor][]);
    const expected = await expectedOf(name);
    const beside = inTheory(adapter.apply(program).outputs, new Map([...given, ...branchesOf(adapter)]))['logits']!;
    expect(relativeDifference(beside, expected, fixture.mask)).toBeLessThan(2e-6);
    const merged = new Map(given);
    for (const [parameter, { shape, data }] of fixture.weights) merged.set(parameter, tensor(shape, adapter.merge(parameter, Float32Array.from(data))));
    expect(relativeDifference(inTheory(program.outputs, merged)['logits']!, expected, fixture.mask)).toBeLessThan(2e-6);
  });

  it('lies right on a model whose rows of q and k are in the other order', async () => {
    const [source, fixture] = [await open('llama'), await causalFixture('llama')];
    const config: LlamaConfig = { ...(source.member.config as LlamaConfig), rope: 'interleaved' };
    const hub = llamaHubForm(config);
    const other: CausalSource = { ...source, member: { ...source.member, config, build: (inputs) => llama(config, inputs), hub } };
    const adapter = await openAdapter(adapterFixture('llama'), other);
    const given = new Map([...fixture.weights, ['ids', fixture.ids], ['mask', fixture.mask], ['positions', fixture.positions]] as [string, Tensor][]);
    for (const [name, how] of hub.arranged)
      if (given.has(name)) given.set(name, tensor(given.get(name)!.shape, arrange(Float32Array.from(given.get(name)!.data), how)));
    const program: Program = { name: 'other', outputs: { logits: llama(config, causalInputs(config)).logits } };
    const beside = inTheory(adapter.apply(program).outputs, new Map([...given, ...branchesOf(adapter)]))['logits']!;
    expect(relativeDifference(beside, await expectedOf('llama'), fixture.mask)).toBeLessThan(2e-6);
  });
});

describe('openAdapter refuses', () => {
  const changed = async (change: Record<string, unknown>): Promise<string> => {
    const folder = await mkdtemp(join(work, 'changed-'));
    await cp(adapterFixture('llama'), folder, { recursive: true });
    const path = join(folder, 'adapter_config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
    return folder;
  };
  let source: CausalSource;
  beforeAll(async () => {
    source = await open('llama');
  });

  it.each<[Record<string, unknown>, new (message: string) => Error, RegExp]>([
    [{ use_dora: true }, UnsupportedError, /use_dora true/],
    [{ modules_to_save: ['lm_head'] }, UnsupportedError, /modules_to_save \["lm_head"\]/],
    [{ peft_type: 'IA3' }, UnsupportedError, /peft_type LORA, got "IA3"/],
    [{ peft_type: undefined }, UnsupportedError, /peft_type LORA/],
    [{ bias: 'all' }, UnsupportedError, /bias "all"/],
    [{ lora_bias: true }, UnsupportedError, /lora_bias/],
    [{ init_lora_weights: 'pissa' }, UnsupportedError, /init_lora_weights "pissa"/],
    [{ some_later_invention: 3 }, UnsupportedError, /some_later_invention 3/],
    [{ target_modules: '(?P<x>q_proj)' }, UnsupportedError, /regular expression/],
    [{ target_modules: '(.*.*)*(.*.*)*!' }, UnsupportedError, /within 2000 ms/],
    [{ target_modules: ['query'] }, ConfigError, /another one/],
    [{ target_modules: ['q_proj', 'gate_proj'] }, NotFoundError, /lora_A and lora_B of model\.layers\.0\.mlp\.gate_proj/],
    [{ target_modules: ['q_proj'] }, UnsupportedError, /got base_model\.model\..* more/],
    [{ r: 2 }, FormatError, /expected shape \[2, 16\], got \[3, 16\]/],
    [{ r: 0 }, ConfigError, /r: /],
    [{ rank_pattern: { q_proj: 2 } }, FormatError, /expected shape \[2, /],
    [{ lora_alpha: 'much' }, ConfigError, /lora_alpha/],
    [{ task_type: 'SEQ_CLS' }, ConfigError, /task_type/],
  ])('%j', async (change, kind, message) => {
    const folder = await changed(change);
    await expect(openAdapter(folder, source)).rejects.toThrow(kind);
    await expect(openAdapter(folder, source)).rejects.toThrow(message);
  });

  it('what is no adapter, a part of one, or one of another model', async () => {
    await expect(openAdapter(join(work, 'nowhere'), source)).rejects.toThrow(/no such file; give the folder of an adapter/);
    const folder = await changed({});
    await rm(join(folder, 'adapter_model.safetensors'));
    await expect(openAdapter(folder, source)).rejects.toThrow(NotFoundError);
    await writeFile(join(folder, 'adapter_model.bin'), 'pickle');
    await expect(openAdapter(folder, source)).rejects.toThrow(/a pickle/);
    await writeFile(join(folder, 'adapter_config.json'), '{');
    await expect(openAdapter(folder, source)).rejects.toThrow(FormatError);
    await expect(openAdapter(adapterFixture('gpt2'), source)).rejects.toThrow(ConfigError);
    await expect(openAdapter(adapterFixture('qwen3'), source)).rejects.toThrow(FormatError);
    const broken = await changed({});
    const path = join(broken, 'adapter_model.safetensors');
    const file = await openSafetensors(path);
    const tensors = new Map<string, Awaited<ReturnType<typeof file.read>>>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
    const [first] = tensors.values();
    (first!.data as Float32Array)[0] = Number.NaN;
    await writeSafetensors(path, tensors);
    await expect(openAdapter(broken, source)).rejects.toThrow(/NaN/);
  });

  it('to be merged into a head that is the table of words too', async () => {
    const folder = await mkdtemp(join(work, 'tied-'));
    await writeFile(join(folder, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: 1, lora_alpha: 1, target_modules: ['lm_head'] }));
    const { hidden, vocab } = source.member.config;
    const part = (shape: number[]) => ({ dtype: 'float32' as const, shape, data: new Float32Array(shape[0]! * shape[1]!).fill(0.1) });
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), {
      'base_model.model.lm_head.lora_A.weight': part([1, hidden]),
      'base_model.model.lm_head.lora_B.weight': part([vocab, 1]),
    });
    const adapter = await openAdapter(folder, source);
    expect(adapter.sites).toEqual(['logits']);
    expect(() => adapter.merge('embed.word.weight', new Float32Array(hidden * vocab))).toThrow(UnsupportedError);
  });
});
