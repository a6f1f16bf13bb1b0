// Sites and edits against TransformerLens, by onnxruntime: scripts/make-edits-fixture.py.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Node, type Tensor, tensor } from '../../core/index.ts';
import { openSafetensors, type SafetensorsFile } from '../../formats/index.ts';
import { causalFixture, relativeDifference } from '../../models/testing/causal-fixture.ts';
import { type Engine, numbersOf, openEngine } from '../../runtime/index.ts';
import { causalInputs } from '../index.ts';
import { ablate, capture, type EditedSites, editFeeds, editSites, freezePattern, patch, type SiteEdit, steer } from './index.ts';
import { inPractice } from './testing/tiny-bert.ts';

let file: SafetensorsFile;
let engine: Engine;
beforeAll(async () => {
  file = await openSafetensors(fileURLToPath(new URL('fixtures/transformer-lens.safetensors', import.meta.url)));
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

const read = async (key: string): Promise<Tensor> => {
  const { shape, data } = await file.read(key);
  return tensor(shape, Array.from(data as ArrayLike<number | bigint>, Number));
};

describe.each([
  ['gpt2', 'attn.in attn.q attn.k attn.v attn.z attn.scores attn.pattern attn.headOut attn.out resid.mid mlp.in mlp.up mlp.act mlp.down resid.pre resid.post'],
  ['gpt-neox', 'attn.in attn.q attn.k attn.v attn.z attn.scores attn.pattern attn.headOut attn.out mlp.in mlp.up mlp.act mlp.down resid.pre resid.post'],
  [
    'llama',
    'attn.in attn.q attn.k attn.v attn.z attn.qTurned attn.kTurned attn.scores attn.pattern attn.headOut attn.out resid.mid mlp.in mlp.gate mlp.up mlp.act mlp.down resid.pre resid.post',
  ],
])('%s equals TransformerLens to 1e-4', (name, listed) => {
  const blocks = [0, 1];
  const sites = [...blocks.flatMap((block) => listed.split(' ').map((site) => `blocks.${block}.${site}`)), 'final'];
  let logits: Node;
  let weights: ReadonlyMap<string, Tensor>;
  let target: Tensor;
  let source: Record<string, Tensor>;
  const run = async (outputs: Readonly<Record<string, Node>>, ids: Tensor, feeds: ReadonlyMap<string, Tensor> = new Map()): Promise<Record<string, Tensor>> => {
    const given = new Map([...weights, ...feeds]).set('ids', ids).set('positions', tensor(ids.shape, [...Array(ids.shape[1]!).keys()]));
    return Object.fromEntries(Object.entries(await inPractice(engine, outputs, given)).map(([key, value]) => [key, tensor(value.shape, numbersOf(value))])); // biome-ignore format: one chain
  };
  beforeAll(async () => {
    const fixture = await causalFixture(name);
    weights = fixture.weights;
    logits = fixture.member.build(causalInputs(fixture.member.config, { mask: false })).logits;
    target = await read('target');
    source = await run(capture([logits], sites), await read('source'));
  });

  it('at every site', async () => {
    const found = await run({ logits, ...capture([logits], sites) }, target);
    expect([...file.tensors.keys()].filter((key) => key.startsWith(`${name}.`) && !key.includes('.edited.')).sort()).toEqual([...sites, 'logits'].map((site) => `${name}.${site}`).sort()); // biome-ignore format: one call
    for (const [site, got] of Object.entries(found)) {
      const expected = await read(`${name}.${site}`);
      expect(got.shape, site).toEqual(expected.shape);
      // Where a token is not seen either has a large negative number of its own.
      const seen = ({ shape, data }: Tensor) => tensor(shape, data.map((value) => (value < -1e8 ? 0 : value))); // biome-ignore format: one call
      expect([...got.data].map((value) => value < -1e8), site).toEqual([...expected.data].map((value) => value < -1e8)); // biome-ignore format: one call
      expect(relativeDifference(seen(got), seen(expected)), site).toBeLessThan(1e-4);
    }
  });

  it('in logits of an edited model', async () => {
    const of = (site: string, block = 0): string => `blocks.${block}.${site}`;
    const width = (site: string): number => source[site]!.shape.at(-1)!;
    /** Mean over texts and places of what a site of the source computes. */
    const meanOf = (site: string): Tensor => {
      const { data } = source[site]!;
      const mean = new Float64Array(width(site));
      for (const [i, value] of data.entries()) mean[i % mean.length]! += (value * mean.length) / data.length;
      return tensor([mean.length], mean);
    };
    const from = (site: string, choice: Partial<SiteEdit> = {}): SiteEdit => ({ site, action: 'patch', values: source[site]!, ...choice });
    const lastOf = ({ data, shape }: Tensor): Float64Array => data.slice(-shape.at(-1)!);
    const own = (await run(capture([logits], [of('resid.post')]), target))[of('resid.post')]!;
    const direction = tensor([width(of('resid.post'))], lastOf(source[of('resid.post')]!).map((value, i) => value - lastOf(own)[i]!)); // biome-ignore format: one value
    const request = from(of('resid.pre', 1), { positions: [-1] });
    const noHead: SiteEdit = { site: of('attn.z', 1), action: 'zero', heads: [1] };
    const steered = { site: of('resid.post'), values: direction, factor: 2.5, positions: [2, -1] };
    const headMean = { site: of('attn.z'), heads: [1], values: meanOf(of('attn.z')) };
    const cases: Record<string, EditedSites> = {
      'patch resid': patch([logits], request),
      ...(name !== 'gpt-neox' && { 'patch mid': patch([logits], from(of('resid.mid'), { positions: [1, 4] })) }),
      'patch q': patch([logits], from(of('attn.q'), { heads: [1], positions: [-1] })),
      'patch k and v': editSites([logits], ['attn.k', 'attn.v'].map((site) => from(of(site, 1), { heads: [1], positions: [3] }))), // biome-ignore format: one call
      'patch mlp': patch([logits], from(of('mlp.down'), { positions: [6] })),
      'patch head': patch([logits], from(of('attn.headOut'), { heads: [0], positions: [3] })),
      'zero head': ablate([logits], noHead),
      'mean head': ablate([logits], headMean, 'mean'),
      'mean mlp': ablate([logits], { site: of('mlp.down', 1), values: meanOf(of('mlp.down', 1)) }, 'mean'),
      'freeze patterns': freezePattern([logits]),
      'freeze a row': freezePattern([logits], { blocks: [1], heads: [0], positions: [-1], values: source[of('attn.pattern', 1)]! }),
      steer: steer([logits], steered),
      scale: editSites([logits], [{ site: of('mlp.act', 1), action: 'scale', factor: 0.5 }, { site: of('attn.v'), action: 'scale', factor: -1.5, heads: [0] }]), // biome-ignore format: one call
      several: editSites([logits], [{ ...steered, action: 'add' }, request, noHead]),
    };
    expect([...file.tensors.keys()].flatMap((key) => (key.startsWith(`${name}.edited.`) ? [key.slice(`${name}.edited.`.length)] : [])).sort()).toEqual(Object.keys(cases).sort()); // biome-ignore format: one call
    for (const [what, { roots, edits }] of Object.entries(cases)) {
      const choices = what === 'freeze patterns' ? edits.map(({ site }) => ({ values: source[site]! })) : [];
      const feeds = Object.entries(editFeeds(edits, { batch: 1, seq: target.shape[1]! }, choices)).map(([key, { shape, data }]): [string, Tensor] => [key, tensor(shape, data)]); // biome-ignore format: one call
      const { edited } = await run({ edited: roots[0]! }, target, new Map(feeds));
      expect(relativeDifference(edited!, await read(`${name}.edited.${what}`)), what).toBeLessThan(1e-4);
    }
  });
});
