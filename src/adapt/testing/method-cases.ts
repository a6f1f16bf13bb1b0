// Every method, in the form that its laws are tested in: small enough for tiny models, and with values that do something.
import { inOrder, type Node, nameOf, type Tensor, tensor } from '../../core/index.ts';
import { sitesIn } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import {
  addFisher,
  arrowOf,
  dora,
  type FinishedAdapter,
  type Fisher,
  fisherEntries,
  fisherMasked,
  full,
  hydralora,
  ia3,
  instancePrompt,
  localised,
  lora,
  loramoe,
  mixlora,
  prompt,
} from '../methods/index.ts';
import { asTensor, type TinyModel } from './tiny-models.ts';

export interface MethodCase {
  readonly make: (model: TinyModel) => Method;
  /** How the outputs at the start may differ from the base's, relative; 0 is to the bit. `undefined`: it does not start as the base. */
  readonly startsWithin: number | undefined;
  /** Whether it can stand on a base that is quantised afterwards. */
  readonly quantised: boolean;
}

const exact = { startsWithin: 0, quantised: true };
const wave = (length: number, salt: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.3 + salt));

export const methodCases: Readonly<Record<string, MethodCase>> = {
  lora: { ...exact, make: () => lora({ rank: 3, alpha: 6, targets: ['attn.q', 'mlp.up'] }) },
  rslora: { ...exact, make: () => lora({ rank: 4, alpha: 2, scaling: 'rslora' }) },
  dora: { ...exact, startsWithin: 1e-5, make: () => dora({ rank: 3, alpha: 6, targets: 'all' }) },
  loramoe: { ...exact, make: () => loramoe({ experts: 3, rank: 2, alpha: 4 }) },
  'loramoe, masks apart': {
    ...exact,
    make: () => loramoe({ experts: 4, groups: [1, 2, 1], rank: 2, alpha: 4, dropoutMasks: 'expert', targets: ['attn.out', 'mlp.down'] }),
  },
  mixlora: { ...exact, make: () => mixlora({ experts: 4, topK: 2, rank: 2, alpha: 4 }) },
  hydralora: { ...exact, make: () => hydralora({ experts: 3, rank: 2, alpha: 4, targets: 'all' }) },
  arrow: { startsWithin: undefined, quantised: true, make: (model) => arrowOf(finishedAdapters(model), { topK: 2 }) },
  ia3: { ...exact, make: () => ia3() },
  prompt: { ...exact, make: () => prompt({ tokens: 3 }) },
  'instance-prompt': { ...exact, make: () => instancePrompt({ tokens: 3, inner: 4, asked: 5 }) },
  full: { startsWithin: 0, quantised: false, make: () => full({ parts: ['attn', 'mlp', 'norm', 'embed'], blocks: [1] }) },
  localised: { ...exact, make: () => localised(lora({ rank: 3, alpha: 6, targets: ['attn.q', 'mlp.up'] }), { blocks: [1] }) },
  'localised mixture': { ...exact, make: () => localised(loramoe({ experts: 3, rank: 2, alpha: 4 }), { blocks: [1] }) },
  'fisher-masked': { ...exact, make: (model) => fisherMasked({ entries: fisherEntries(madeFisher(model), 0.05) }) },
};

/** Three adapters of ranks 2, 3 and 2 beside the same linears. */
export const finishedAdapters = ({ root }: TinyModel): FinishedAdapter[] =>
  [2, 3, 2].map((rank, n) => {
    const { parameters } = lora({ rank, targets: ['attn.v', 'mlp.up', 'mlp.down'] }).apply([root]);
    const values = parameters.map((node, k): [string, { shape: readonly number[]; data: Float32Array }] => {
      const shape = node.shape as readonly number[];
      return [nameOf(node), { shape, data: wave(shape[0]! * shape[1]!, 5 * n + k).map((value) => 0.3 * value) }];
    });
    return { name: `task ${n}`, scale: 2 - n / 2, values: new Map(values) };
  });

/** Fisher information of made-up gradients. */
const madeFisher = ({ root, weights }: TinyModel): Fisher => {
  const fisher: Fisher = new Map();
  const linears = [...sitesIn([root]).keys()].filter((site) => /^blocks\.\d+\.(attn|mlp)\./.test(site) && weights.has(`${site}.weight`));
  for (const [n, site] of linears.entries())
    addFisher(fisher, [[`${site}.weight`, wave(weights.get(`${site}.weight`)!.data.length, n).map((value) => value ** 5)]]);
  return fisher;
};

export interface Prepared {
  readonly method: Method;
  readonly root: Node;
  readonly parameters: readonly Node[];
  /** Of the batch: with virtual tokens, and what they are made of, where the method has them. */
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** Values of its own: as they start, and after something was learnt. */
  readonly start: ReadonlyMap<string, Tensor>;
  readonly learnt: ReadonlyMap<string, Tensor>;
}

/** A method on a model, with values. */
export const prepared = async (method: Method, model: TinyModel): Promise<Prepared> => {
  const { roots, parameters } = method.apply([model.root]);
  const base = (name: string): Promise<Float32Array> => Promise.resolve(Float32Array.from(model.weights.get(name)!.data));
  const start = new Map<string, Tensor>();
  const learnt = new Map<string, Tensor>();
  for (const [k, node] of parameters.entries()) {
    const values = await method.start(node, 7, base);
    start.set(nameOf(node), asTensor(node, values));
    const moved = method.untrainable ? values : values.map((value, i) => value + 0.1 * Math.sin(i * 1.7 + k + 1));
    learnt.set(nameOf(node), asTensor(node, moved));
  }
  return { method, root: roots[0]!, parameters, feeds: feedsFor(method, model), start, learnt };
};

/** What is fed beside the batch itself where a method asks for it. */
export const ownFeeds = ({ askedTokens }: Method, batch: number): [string, Tensor][] => {
  if (askedTokens === undefined) return [];
  // One token less of every further text.
  const asked = Array.from({ length: batch * askedTokens }, (_, i) => ((i % askedTokens) + Math.floor(i / askedTokens) < askedTokens ? (5 * i + 2) % 11 : -1));
  return [['asked', tensor([batch, askedTokens], asked)]];
};

const feedsFor = (method: Method, { feeds, vocab }: TinyModel): Map<string, Tensor> => {
  const { shape, data } = feeds.get('ids')!;
  const { virtualTokens = 0, askedTokens } = method;
  const seq = shape[1]!;
  const virtual = (at: number): number => vocab + (at % seq) + (askedTokens === undefined ? 0 : virtualTokens * Math.floor(at / seq));
  const ids = data.map((id, at) => (at % seq < virtualTokens ? virtual(at) : id));
  return new Map([...feeds, ['ids', tensor(shape, ids)], ...ownFeeds(method, shape[0]!)]);
};

/** Parameters of the base that a root still reads. */
export const baseNames = (root: Node, own: ReadonlyMap<string, Tensor>): string[] =>
  inOrder([root]).flatMap((node) => (node.op.name === 'parameter' && !own.has(nameOf(node)) ? [nameOf(node)] : []));
