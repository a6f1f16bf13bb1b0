// A tiny causal model of random weights, its batch, and what the reference implementation makes of it.
import { fileURLToPath } from 'node:url';
import { type Tensor, tensor } from '../../core/index.ts';
import { openSafetensors } from '../../formats/index.ts';
import { causalInputs } from '../../nn/index.ts';
import { type CausalMember, causalMember, readWeights } from '../index.ts';

export interface CausalFixture {
  readonly json: Record<string, unknown>;
  readonly member: CausalMember;
  /** By parameter name. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Gradients of the loss, by parameter name. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  readonly ids: Tensor;
  readonly mask: Tensor;
  readonly positions: Tensor;
  /** Where the reference was listened to. */
  readonly sites: readonly string[];
  /** @param name  a site, or `loss` */
  expected(name: string): Promise<Tensor>;
}

/** @param name  of `fixtures/NAME-tiny.safetensors` */
export const causalFixture = async (name: string): Promise<CausalFixture> => {
  const file = await openSafetensors(fileURLToPath(new URL(`../fixtures/${name}-tiny.safetensors`, import.meta.url)));
  const read = async (key: string): Promise<Tensor> => {
    const { shape, data } = await file.read(key);
    return tensor(shape, Array.from(data as ArrayLike<number | bigint>, Number));
  };
  const json = JSON.parse(file.metadata['config']!);
  const member = causalMember(json, name);
  const { parameters } = member.build(causalInputs(member.config));
  const all = async (prefix: string): Promise<Map<string, Tensor>> => {
    const names = new Map([...member.weightNames].map(([ours, theirs]) => [ours, theirs.map((spelt) => `${prefix}${spelt}`)]));
    const found = new Map<string, Tensor>();
    for await (const [ours, { shape, data }] of readWeights(file, names, parameters, member.arranged)) found.set(ours, tensor(shape, data));
    return found;
  };
  return {
    json,
    member,
    weights: await all(''),
    gradients: await all('gradient.'),
    ids: await read('input.ids'),
    mask: await read('input.mask'),
    positions: await read('input.positions'),
    sites: [...file.tensors.keys()].flatMap((key) => (key.startsWith('expected.') && key !== 'expected.loss' ? [key.slice('expected.'.length)] : [])),
    expected: (key) => read(`expected.${key}`),
  };
};

/** Largest difference over the largest magnitude of what was expected; rows of padding left out where a mask [batch, seq] is given and the first two axes are its. */
export const relativeDifference = (got: Pick<Tensor, 'data'>, expected: Tensor, mask?: Tensor): number => {
  if (got.data.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  const width = mask ? expected.data.length / mask.data.length : 1;
  let most = 0;
  let largest = 0;
  for (let i = 0; i < expected.data.length; i++) {
    if (mask?.data[Math.floor(i / width)] === 0) continue;
    most = Math.max(most, Math.abs(got.data[i]! - expected.data[i]!));
    largest = Math.max(largest, Math.abs(expected.data[i]!));
  }
  return most / largest;
};
