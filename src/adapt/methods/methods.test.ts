// What each method is beyond the laws they share.
import { describe, expect, it } from 'vitest';
import {
  add,
  ConfigError,
  div,
  gradients,
  greater,
  inOrder,
  input,
  matmul,
  mul,
  type Node,
  NotFoundError,
  nameOf,
  parameter,
  sqrt,
  square,
  stopGradient,
  sum,
  tensor,
  UnsupportedError,
  unsqueeze,
} from '../../core/index.ts';
import { largestDifference } from '../../nn/edits/testing/tiny-bert.ts';
import { causalInputs, quantise } from '../../nn/index.ts';
import { adapted, base, inner, out, rank, site, started, value, valuesFor, x } from '../testing/one-linear.ts';
import { tinyModel } from '../testing/tiny-models.ts';
import { dora, fisherMasked, full, hydralora, ia3, instancePrompt, lora, loramoe, methodOf, mixlora, placesText, prompt } from './index.ts';

const quantised = quantise([base], { bits: 'int8' }).roots;

describe('methodOf', () => {
  it('finds a method by its name, with its own options', () => {
    const method = methodOf('loramoe', { experts: 4, groups: [1, 3] });
    expect(method.options).toEqual(loramoe({ experts: 4, groups: [1, 3] }).options);
    expect(methodOf('lora').options).toEqual(lora().options);
  });

  it('names what it knows, and every option that does not fit', () => {
    expect(() => methodOf('adalora')).toThrow(ConfigError);
    expect(() => methodOf('toString')).toThrow(
      /a kind of arrow, dora, fisher-masked, full, hydralora, ia3, instance-prompt, localised, lora, loramoe, mixlora, prompt, got "toString"/,
    );
    expect(() => methodOf('lora', { rank: 0, alfa: 3 })).toThrow(/lora: rank: .*; options: .*alfa/s);
    expect(() => methodOf('hydralora', { experts: 1.5 })).toThrow(ConfigError);
    expect(() => mixlora({ experts: 2, topK: 3 })).toThrow(/topK of at most 2/);
    expect(() => ia3({ outputs: [], inputs: [] })).toThrow(/got none/);
    expect(() => ia3({ outputs: ['mlp.up'], inputs: ['mlp.up'] })).toThrow(/mlp\.up under both/);
    expect(() => fisherMasked({ entries: {} })).toThrow(/at least one linear/);
    expect(() => fisherMasked({ entries: { [site]: 'no places!' } })).toThrow(/as placesText writes them/);
  });

  it('refuses a model that has not what a method asks for', () => {
    for (const method of [lora({ targets: ['attn.q'] }), dora({ targets: 'attn' }), hydralora({ targets: 'attn' }), ia3(), full({ parts: ['attn'] }), prompt()])
      expect(() => method.apply([base]), method.kind).toThrow(NotFoundError);
    expect(() => fisherMasked({ entries: { 'blocks.7.mlp.up': placesText([1]) } }).apply([base])).toThrow(NotFoundError);
    expect(() => fisherMasked({ entries: { [site]: placesText([inner * out]) } }).apply([base])).toThrow(/entries below 84/);
    for (const method of [dora(), ia3({ outputs: [], inputs: ['mlp.up'] }), full()])
      expect(() => method.apply(quantised), method.kind).toThrow(UnsupportedError);
  });
});

describe('lora', () => {
  it('of rank-stabilised scale divides by the root of the rank', () => {
    const [plain, stable] = [lora({ rank: 4, alpha: 6, targets: 'mlp' }), lora({ rank: 4, alpha: 3, scaling: 'rslora', targets: 'mlp' })];
    const values = valuesFor(adapted(plain));
    expect(value(adapted(stable), values)).toEqual(value(adapted(plain), values));
  });

  it('refuses half an adapter', () => {
    expect(() => lora().merge!(site, new Float32Array(84), new Map([[`${site}.lora.a`, new Float32Array(96)]]))).toThrow(/got none of b/);
  });
});

it('dora is what its formula says of W + s B A made whole, the norm without a gradient', () => {
  const root = adapted(dora({ rank, alpha: 6, targets: 'mlp' }));
  const [weight, bias, a, b, magnitude] = [
    parameter(`${site}.weight`, [out, inner]),
    parameter(`${site}.bias`, [out]),
    parameter(`${site}.lora.a`, [rank, inner]),
    parameter(`${site}.lora.b`, [out, rank]),
    parameter(`${site}.lora.magnitude`, [out]),
  ] as const;
  const turned = add(weight, mul(matmul(b, a), 6 / rank));
  const norm = stopGradient(sqrt(sum(square(turned), [1])));
  const oracle = add(matmul(x, mul(turned, unsqueeze(div(magnitude, norm), 1)), { transposeB: true }), bias);
  const values = valuesFor(root);
  const slopes = (of: Node): Float64Array[] => {
    const loss = sum(mul(of, input('c', ['batch', out])), [0, 1]);
    const wrt = [a, b, magnitude].map((node) => inOrder([of]).find((own) => own.op === node.op && nameOf(own) === nameOf(node))!);
    return [value(of, values), ...gradients(loss, wrt).map((slope) => value(slope, valuesFor(loss)))];
  };
  const expected = slopes(oracle);
  for (const [i, found] of slopes(root).entries()) expect(largestDifference(found, expected[i]!)).toBeLessThan(1e-11);
});

it('dora leaves a row of zeros one, where a norm cannot be divided by', async () => {
  const method = dora({ rank, targets: 'mlp' });
  const values = await started(method);
  const weight = values.get(`${site}.weight`)!.data.map((v, i) => (i < inner ? 0 : v));
  const own = new Map<string, Float32Array>([...values].map(([name, { data }]) => [name, Float32Array.from(data)]));
  own.set(`${site}.lora.magnitude`, await method.start(parameter(`${site}.lora.magnitude`, [out]), 1, () => Promise.resolve(Float32Array.from(weight))));
  const found = value(
    adapted(method),
    new Map([...values, [`${site}.weight`, tensor([out, inner], weight)], [`${site}.lora.magnitude`, tensor([out], own.get(`${site}.lora.magnitude`)!)]]),
  );
  expect(found.every(Number.isFinite)).toBe(true);
  expect(largestDifference(method.merge!(site, Float32Array.from(weight), own), weight)).toBeLessThan(1e-6);
});

it('mixlora reports what the router gave all experts, and takes the largest', () => {
  const { shares, roots } = mixlora({ experts: 4, topK: 2, rank }).apply([base]);
  const values = valuesFor(...roots);
  const given = value(shares.get(site)!, values);
  const taken = value(greater(inOrder(roots).find(({ op }) => op.name === 'putAlong')!, 0), values);
  for (let row = 0; row < 5; row++) {
    const own = given.slice(4 * row, 4 * row + 4);
    expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const second = [...own].sort((p, q) => q - p)[1]!;
    expect([...taken.slice(4 * row, 4 * row + 4)]).toEqual([...own].map((share) => Number(share >= second)));
  }
});

describe('prompt', async () => {
  const { member, weights, vocab, hidden } = await tinyModel('llama');
  const { logits } = member!.build(causalInputs(member!.config, { mask: false }));
  const row = (word: number): Float64Array => weights.get('embed.word.weight')!.data.slice(word * hidden, (word + 1) * hidden);
  const feeds = (...texts: number[][]) => {
    const shape = [texts.length, texts[0]!.length];
    return [
      ['ids', tensor(shape, texts.flat())] as const,
      [
        'positions',
        tensor(
          shape,
          texts.flatMap((text) => [...text.keys()]),
        ),
      ] as const,
    ];
  };

  it('reads a virtual token as the word whose row it has', () => {
    const [root] = prompt({ tokens: 2 }).apply([logits]).roots;
    const table = ['embed.prompt.table', tensor([2, hidden], [...row(9), ...row(4)])] as const;
    const virtual = value(root!, new Map([...weights, table, ...feeds([vocab, vocab + 1, 3, 7])]));
    expect(virtual).toEqual(value(logits, new Map([...weights, ...feeds([9, 4, 3, 7])])));
  });

  it('starts from rows of words, the same for a seed', async () => {
    const method = prompt({ tokens: 5 });
    const base = (name: string) => Promise.resolve(Float32Array.from(weights.get(name)!.data));
    const start = (seed: number) => method.start(parameter('embed.prompt.table', [5, hidden]), seed, base);
    const [found, words] = [await start(3), await base('embed.word.weight')];
    expect(await start(3)).toEqual(found);
    expect(await start(4)).not.toEqual(found);
    for (let token = 0; token < 5; token++) {
      const own = found.slice(token * hidden, (token + 1) * hidden).join();
      expect(Array.from({ length: vocab }, (_, word) => words.slice(word * hidden, (word + 1) * hidden).join())).toContain(own);
    }
  });

  it('by instance makes rows of a text of what it asks alone, whatever the order of the words', () => {
    const { roots, parameters } = instancePrompt({ tokens: 2, inner: 3 }).apply([logits]);
    const own = parameters.map(
      (node) =>
        [
          nameOf(node),
          tensor(
            node.shape as number[],
            Array.from({ length: (node.shape as number[]).reduce((a, b) => a * b) }, (_, i) => Math.sin(i + 1)),
          ),
        ] as const,
    );
    const virtual = (k: number) => [vocab + 2 * k, vocab + 2 * k + 1];
    const read = (...asked: number[][]) =>
      value(roots[0]!, new Map([...weights, ...own, ...feeds([...virtual(0), 3], [...virtual(1), 3]), ['asked', tensor([2, 4], asked.flat())]]));
    const [u, v] = [
      [4, 9, 2, -1],
      [7, 3, 1, 1],
    ];
    const [both, first, turned] = [read(u!, v!), read(u!, u!), read(u!.toReversed(), v!)];
    const half = both.length / 2;
    expect(first.slice(0, half)).toEqual(both.slice(0, half));
    expect(first.slice(half)).toEqual(first.slice(0, half));
    expect(largestDifference(both.slice(half), first.slice(half))).toBeGreaterThan(0.01);
    expect(largestDifference(both, turned)).toBeLessThan(1e-12);
  });
});

it('full trains the parts and blocks it is told to', async () => {
  const { root } = await tinyModel('gemma3');
  const trained = (options: Parameters<typeof full>[0]): string[] => full(options).apply([root]).parameters.map(nameOf);
  expect(trained({ parts: ['norm'], blocks: [2] }).sort()).toEqual(
    ['norm1', 'norm2', 'attn.norm', 'attn.kNorm', 'attn.qNorm', 'mlp.norm'].map((name) => `blocks.2.${name}.weight`).sort(),
  );
  expect(trained({ parts: ['head'] })).toEqual(['final.weight']);
  expect(trained({ parts: ['embed'] })).toEqual(['embed.word.weight']);
  const { root: withBiases } = await tinyModel('gpt-neox');
  expect(
    full()
      .apply([withBiases])
      .parameters.some((node) => nameOf(node).endsWith('.bias')),
  ).toBe(true);
  expect(
    full({ biases: false })
      .apply([withBiases])
      .parameters.some((node) => nameOf(node).endsWith('.bias')),
  ).toBe(false);
});
