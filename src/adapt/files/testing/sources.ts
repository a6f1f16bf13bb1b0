// Tiny models of the fixtures, as folders and as GGUF files, to put adapters on.
import { join } from 'node:path';
import { leavesOf, nameOf, type Program, type Tensor, tensor } from '../../../core/index.ts';
import { writeGguf } from '../../../formats/index.ts';
import { type CausalSource, causalSource, ggufForm, openCausalFiles } from '../../../models/index.ts';
import { causalFixture } from '../../../models/testing/causal-fixture.ts';
import { fixtureFolder } from '../../../models/testing/fixture-folder.ts';
import { inTheory } from '../../../nn/edits/testing/tiny-bert.ts';
import { causalInputs, uniformStart } from '../../../nn/index.ts';
import { type Method, methodOf, placesText } from '../../index.ts';
import { parametersOn } from '../peft-form.ts';

/** A model of the fixtures as Hugging Face has it. @param work folder for it */
export const folderSource = async (work: string, name: string): Promise<CausalSource> =>
  causalSource({ kind: 'folder', folder: await fixtureFolder(join(work, name), name) });

/** The same weights in a GGUF file of float32: a Llama's rows of q and k lie in another order there. */
export const ggufSource = async (work: string, name: string): Promise<CausalSource> => {
  const { metadata, tensors } = ggufForm(await folderSource(work, name), name);
  const path = join(work, `${name}.gguf`);
  await writeGguf(
    path,
    metadata,
    tensors.map(({ name, shape, read }) => ({ name, shape, type: 'F32' as const, make: async () => new Uint8Array((await read()).buffer) })),
  );
  return causalSource(await openCausalFiles('gguf', path));
};

/** A method of every kind, with options that fit the tiny models. */
export const everyMethod = (source: CausalSource): Method[] => {
  const gated = source.parameters.some((node) => nameOf(node) === 'blocks.0.mlp.gate.weight');
  const entries = Object.fromEntries(['blocks.0.mlp.up', 'blocks.1.attn.k'].map((site) => [site, placesText(Array.from({ length: 40 }, (_, i) => 3 * i))]));
  return [
    methodOf('lora', { rank: 3, alpha: 5 }),
    methodOf('lora', { rank: 2, alpha: 5, scaling: 'rslora', targets: ['attn.q', 'attn.v', 'mlp.down'] }),
    methodOf('dora', { rank: 2, alpha: 3, targets: ['attn.q', 'attn.k', 'mlp.up'] }),
    methodOf('ia3'),
    methodOf('loramoe', { experts: 4, rank: 2, alpha: 4, targets: gated ? ['mlp.gate', 'mlp.down', 'attn.q', 'attn.k'] : 'all' }),
    methodOf('mixlora', { experts: 3, topK: 2, rank: 2 }),
    methodOf('hydralora', { experts: 3, rank: 2, targets: 'attn' }),
    methodOf('arrow', { adapters: ['one', 'two'], rank: 2, topK: 1, sites: ['blocks.0.attn.q', 'blocks.1.mlp.up'] }),
    methodOf('fisher-masked', { entries }),
    methodOf('full', { parts: ['attn', 'norm', 'head'] }),
    methodOf('full', { parts: ['mlp', 'embed'], blocks: [1] }),
    methodOf('prompt', { tokens: 3 }),
    methodOf('instance-prompt', { tokens: 3, inner: 4, asked: 6 }),
    methodOf('localised', { method: 'lora', of: { rank: 2 }, blocks: [1] }),
  ];
};

/** Random values of a method's parameters on a model; those near which the model's own lie are near them. */
export const randomValues = async (source: CausalSource, method: Method): Promise<Map<string, Float32Array>> => {
  const values = new Map<string, Float32Array>();
  for (const node of parametersOn(source, method)) {
    const start = await (method.kind === 'arrow' ? undefined : method.start(node, 1, source.values));
    const count = (node.shape as number[]).reduce((a, b) => a * b, 1);
    const noise = uniformStart(nameOf(node), count, 7, 0.4);
    values.set(
      nameOf(node),
      noise.map((value, i) => value + (start?.[i] ?? 0)),
    );
  }
  return values;
};

/** Logits of the fixture's batch by the evaluator. @param edit what is done to the program · @param virtual tokens before every text */
export const logitsOf = async (
  source: CausalSource,
  fixture: string,
  edit: (program: Program) => Program = (program) => program,
  own: ReadonlyMap<string, Float32Array> = new Map(),
  virtual = 0,
): Promise<Tensor> => {
  const { config, build } = source.member;
  const { outputs } = edit({ name: fixture, outputs: { logits: build(causalInputs(config)).logits } });
  const { ids, mask, positions } = await causalFixture(fixture);
  const [batch, seq] = ids.shape as [number, number];
  const before = ({ data }: Tensor, first: (i: number) => number, by = 0): Tensor =>
    tensor(
      [batch, virtual + seq],
      Array.from({ length: batch }, (_, b) => [
        ...Array.from({ length: virtual }, (_, i) => first(i)),
        ...Array.from(data.slice(b * seq, (b + 1) * seq), (one) => one + by),
      ]).flat(),
    );
  const inputs = new Map([
    ['ids', before(ids, (i) => config.vocab + i)],
    ['mask', before(mask, () => 1)],
    ['positions', before(positions, (i) => i, virtual)],
    ['asked', tensor([1, 3], [2, 5, -1])],
  ]);
  return compute(source, outputs, own, inputs);
};

/** Logits of one text, [1, seq, vocab]. @param asked what its virtual tokens are made of */
export const logitsOfIds = (
  source: CausalSource,
  ids: readonly number[],
  edit: (program: Program) => Program,
  own: ReadonlyMap<string, Float32Array>,
  asked: readonly number[] = [-1],
): Promise<Tensor> => {
  const { config, build } = source.member;
  const { outputs } = edit({ name: 'text', outputs: { logits: build(causalInputs(config, { mask: false })).logits } });
  const row = (values: readonly number[]): Tensor => tensor([1, ids.length], values);
  return compute(source, outputs, own, new Map([['ids', row(ids)], ['positions', row([...ids.keys()])], ['asked', tensor([1, asked.length], asked)]])); // biome-ignore format: pairs
};

const compute = async (
  source: CausalSource,
  outputs: Program['outputs'],
  own: ReadonlyMap<string, Float32Array>,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<Tensor> => {
  const given = new Map(inputs);
  for (const node of source.parameters) given.set(nameOf(node), tensor(node.shape as number[], await source.values(nameOf(node))));
  const shapes = new Map([...leavesOf(Object.values(outputs)).parameters.values()].map((node) => [nameOf(node), node.shape as readonly number[]]));
  for (const [name, data] of own) given.set(name, tensor(shapes.get(name)!, data));
  return inTheory(outputs, given)['logits']!;
};
