import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradients, inOrder, input, leavesOf, mul, type Node, NotFoundError, nameOf, parameter, print, sum, type Tensor, tensor } from '../../core/index.ts';
import { type Engine, openEngine } from '../../runtime/index.ts';
import { blockSite } from '../index.ts';
import { capture, lowRank, lowRankParameters, lowRankStart, mergeLowRank, patch, recompute, replace, sitesIn } from './index.ts';
import { inPractice, inTheory, largestDifference, numbers, type TinyBert, tinyBert } from './testing/tiny-bert.ts';

let model: TinyBert;
let engine: Engine;
beforeAll(async () => {
  model = await tinyBert();
  engine = await openEngine({ threads: 1 });
});
afterAll(() => engine[Symbol.asyncDispose]());

const size = (shape: Node['shape']): number => (shape as number[]).reduce((a, b) => a * b, 1);
const options = { targets: /attn\.(q|v)$|mlp\.up$/, rank: 3, alpha: 6 };
/** The sum of all states, each with a weight of its own. */
const lossOf = (hidden: Node): Node => sum(mul(hidden, input('lossWeights', ['batch', 'seq', 24])), [0, 1, 2]);
const lossWeights = (): Tensor =>
  tensor(
    [3, 11, 24],
    Array.from({ length: 3 * 11 * 24 }, (_, i) => Math.cos(i)),
  );

describe('lowRank', () => {
  const started = (roots: readonly Node[], random: boolean): Map<string, Tensor> => {
    const values = new Map(model.values);
    for (const node of lowRankParameters(roots))
      values.set(
        nameOf(node),
        tensor(
          node.shape as number[],
          random ? Array.from({ length: size(node.shape) }, (_, i) => 0.1 * Math.sin(i * 1.3 + nameOf(node).length)) : lowRankStart(node, 7),
        ),
      );
    return values;
  };

  it('changes nothing, bit for bit, while B is zero', async () => {
    const [adapted] = lowRank([model.hidden], options);
    const values = started([adapted!], false);
    expect((await inPractice(engine, { hidden: adapted! }, values)).hidden!.data).toEqual(
      (await inPractice(engine, { hidden: model.hidden }, model.values)).hidden!.data,
    );
    const names = lowRankParameters([adapted!]).map(nameOf);
    expect(names).toHaveLength(2 * 3 * model.config.layers);
    expect(names).toContain('blocks.1.attn.v.lora.a');
  });

  it('equals the model whose weights it is merged into, to 1e-5', async () => {
    const [adapted] = lowRank([model.hidden], options);
    const values = started([adapted!], true);
    const merged = new Map(model.values);
    for (const site of sitesIn([adapted!]).keys()) {
      const [a, b] = [values.get(`${site}.lora.a`), values.get(`${site}.lora.b`)];
      if (!a || !b) continue;
      const weight = model.values.get(`${site}.weight`)!;
      const float = (t: Tensor) => Float32Array.from(t.data);
      merged.set(`${site}.weight`, tensor(weight.shape, mergeLowRank(float(weight), float(a), float(b), options)));
    }
    const branch = numbers((await inPractice(engine, { hidden: adapted! }, values)).hidden!);
    const plain = numbers((await inPractice(engine, { hidden: model.hidden }, merged)).hidden!);
    const before = numbers((await inPractice(engine, { hidden: model.hidden }, model.values)).hidden!);
    expect(largestDifference(branch, plain)).toBeLessThan(1e-5);
    expect(largestDifference(branch, before)).toBeGreaterThan(0.05);
  });

  it('learns: at the start the gradient reaches every B and no A; later both, as finite differences say', () => {
    const [adapted] = lowRank([model.hidden], options);
    const wanted = lowRankParameters([adapted!]);
    const outputs = Object.fromEntries(gradients(lossOf(adapted!), wanted).map((node, i) => [nameOf(wanted[i]!), node]));
    const start = inTheory(outputs, started([adapted!], false).set('lossWeights', lossWeights()));
    for (const [name, { data }] of Object.entries(start))
      expect(
        data.some((value) => value !== 0),
        name,
      ).toBe(name.endsWith('.b'));
    const values = started([adapted!], true).set('lossWeights', lossWeights());
    const later = inTheory(outputs, values);
    const along = (h: number) =>
      inTheory(
        { loss: lossOf(adapted!) },
        new Map(
          [...values].map(([name, t]) => [
            name,
            name.includes('.lora.')
              ? tensor(
                  t.shape,
                  t.data.map((v, i) => v + h * Math.sin(i + name.length)),
                )
              : t,
          ]),
        ),
      ).loss!.data[0]!;
    const numeric = (along(1e-5) - along(-1e-5)) / 2e-5;
    const analytic = Object.entries(later).reduce((total, [name, { data }]) => total + data.reduce((s, v, i) => s + v * Math.sin(i + name.length), 0), 0);
    expect(analytic).toBeCloseTo(numeric, 4);
  });

  it('shares what lies before the first target, and says when there is no target', () => {
    const [adapted] = lowRank([model.hidden], { ...options, targets: /blocks\.1\.mlp\.down$/ });
    const shared = sitesIn([adapted!]);
    for (const [site, node] of sitesIn([model.hidden])) if (!/^blocks\.1\.(mlp\.down|resid\.post)/.test(site)) expect(shared.get(site), site).toBe(node);
    expect(() => lowRank([model.hidden], { ...options, targets: /gate_proj/ })).toThrow(NotFoundError);
    expect(() => lowRank([model.hidden], { ...options, rank: 0 })).toThrow(/at least 1/);
  });

  it('starts A uniform with variance 1 / in, from seed and name alone', () => {
    const node = parameter('x.lora.a', [64, 256]);
    const values = lowRankStart(node, 1);
    const variance = values.reduce((total, v) => total + v * v, 0) / values.length;
    expect(variance * 256).toBeGreaterThan(0.97);
    expect(variance * 256).toBeLessThan(1.03);
    expect(lowRankStart(node, 1)).toEqual(values);
    expect(lowRankStart(node, 2)).not.toEqual(values);
    expect(lowRankStart(parameter('x.lora.b', [2, 3]), 1)).toEqual(new Float32Array(6));
  });

  it('says that there is no linear where there is none', () => {
    const x = input('x', ['batch', 4]);
    expect(() => lowRank([{ ...sum(x, [1]), site: 'other' }], { ...options, targets: /other/ })).toThrow(/the sites are none at all/);
  });
});

describe('capture', () => {
  it('gives the very nodes that compute the model, and their values', async () => {
    const found = capture([model.hidden], /^blocks\.0\./);
    expect(Object.keys(found)).toHaveLength(12);
    const outputs = { hidden: model.hidden, ...found };
    const practice = await inPractice(engine, outputs, model.values);
    const theory = inTheory(outputs, model.values);
    expect(practice.hidden!.data).toEqual((await inPractice(engine, { hidden: model.hidden }, model.values)).hidden!.data);
    for (const name of Object.keys(outputs))
      if (name !== 'blocks.0.attn.scores') expect(largestDifference(numbers(practice[name]!), theory[name]!.data), name).toBeLessThan(2e-5);
  });

  it('names what it does not know', () => {
    expect(() => capture([model.hidden], ['blocks.7.attn.q'])).toThrow(
      /blocks\.7\.attn\.q; there are \d+, such as blocks\.0\.attn\.q, .*; its blocks are 0 to 1/,
    );
    expect(() => capture([model.hidden], /nothing/)).toThrow(NotFoundError);
  });
});

describe('replace and patch', () => {
  const site = blockSite(0, 'resid.post');

  it('give the same bits when fed what the site computes', async () => {
    const before = await inPractice(engine, { hidden: model.hidden, ...capture([model.hidden], [site]) }, model.values);
    const value = tensor(before[site]!.shape, numbers(before[site]!));
    const cut = replace([model.hidden], [site]);
    expect((await inPractice(engine, { hidden: cut.roots[0]! }, new Map(model.values).set(cut.inputs.get(site)!, value))).hidden!.data).toEqual(
      before.hidden!.data,
    );
    expect(leavesOf(cut.roots).inputs.has('ids')).toBe(false); // what computed the site is gone
    const open = patch([model.hidden], site);
    const { name } = open.edits[0]!;
    for (const choice of [0, 1]) {
      const values = new Map(model.values)
        .set(name, choice === 1 ? value : tensor(value.shape, new Float64Array(value.data.length).fill(3)))
        .set(`${name}.where`, tensor([3, 11, 1], new Array(33).fill(choice)));
      expect((await inPractice(engine, { hidden: open.roots[0]! }, values)).hidden!.data).toEqual(before.hidden!.data);
    }
  });

  it('change what depends on the chosen position, and only that', async () => {
    const { roots, edits } = patch([model.hidden], site);
    const { name } = edits[0]!;
    const chosen = new Float64Array(33);
    chosen[4] = 1; // row 0, token 4
    const values = new Map(model.values).set(name, tensor([3, 11, 24], new Array(3 * 11 * 24).fill(2))).set(`${name}.where`, tensor([3, 11, 1], chosen));
    const after = numbers((await inPractice(engine, { hidden: roots[0]! }, values)).hidden!);
    const before = numbers((await inPractice(engine, { hidden: model.hidden }, model.values)).hidden!);
    const row = 11 * 24;
    expect(largestDifference(after.slice(row), before.slice(row))).toBe(0);
    expect(largestDifference(after.slice(0, row), before.slice(0, row))).toBeGreaterThan(0.1);
  });

  it('share what lies before, and refuse a site that is not there', () => {
    const { roots } = patch([model.hidden], [blockSite(1, 'mlp.up')]);
    expect(sitesIn(roots).get(site)).toBe(sitesIn([model.hidden]).get(site));
    expect(() => replace([model.hidden], ['embedding'])).toThrow(NotFoundError);
  });
});

describe('recompute', () => {
  it('changes no value and no gradient, and marks nothing that is kept', async () => {
    const [marked] = recompute([model.hidden]);
    const values = new Map(model.values).set('lossWeights', lossWeights());
    const gradientsOf = (hidden: Node) => {
      const { parameters } = leavesOf([hidden]);
      return { hidden, ...Object.fromEntries(gradients(lossOf(hidden), [...parameters.values()]).map((node, i) => [`d.${[...parameters.keys()][i]}`, node])) };
    };
    const plain = await inPractice(engine, gradientsOf(model.hidden), values);
    const again = await inPractice(engine, gradientsOf(marked!), values);
    expect(Object.keys(again)).toEqual(Object.keys(plain));
    for (const [name, { data }] of Object.entries(plain)) expect(again[name]!.data, name).toEqual(data);
    const labels = (root: Node) => new Set(inOrder([root]).map((node) => node.recompute));
    expect(labels(marked!)).toEqual(new Set([undefined, 'blocks.0', 'blocks.1']));
    for (const [site, node] of sitesIn([marked!])) expect(node.recompute === undefined, site).toBe(site === 'embed' || site.endsWith('resid.post'));
    // the bias that all blocks share stays outside
    expect(inOrder([marked!]).filter(({ op, recompute: label }) => op.name === 'cast' && label !== undefined)).toHaveLength(0);
  });

  it('light: passes over values that are kept, of the blocks that are not computed again as a whole; no gradient changes', async () => {
    const [marked] = recompute([model.hidden], { blocks: [0], light: true });
    const inBlock = (block: number) => new Set(inOrder([marked!]).flatMap(({ op, recompute: label }) => (label === `blocks.${block}` ? [op.name] : [])));
    expect(inBlock(1)).toEqual(new Set(['layerNorm', 'gelu']));
    expect([...inBlock(0)]).toEqual(expect.arrayContaining(['matmul', 'softmax']));
    const values = new Map(model.values).set('lossWeights', lossWeights());
    const { parameters } = leavesOf([model.hidden]);
    const slopes = (hidden: Node) =>
      Object.fromEntries(gradients(lossOf(hidden), [...parameters.values()]).map((node, i) => [`d.${[...parameters.keys()][i]}`, node]));
    const [plain, again] = [await inPractice(engine, slopes(model.hidden), values), await inPractice(engine, slopes(marked!), values)];
    for (const [name, { data }] of Object.entries(plain)) expect(again[name]!.data, name).toEqual(data);
  });

  it('marks the blocks asked for; without any the very same roots come back', () => {
    expect(recompute([model.hidden], { blocks: [] })[0]).toBe(model.hidden);
    const [marked] = recompute([model.hidden], { blocks: [1] });
    expect(sitesIn([marked!]).get('blocks.0.resid.post')).toBe(sitesIn([model.hidden]).get('blocks.0.resid.post'));
    expect(() => recompute([model.hidden], { blocks: [2] })).toThrow(/a block of 0, 1, got 2/);
  });
});

it('edits are data: they print', () => {
  expect(print(lowRank([capture([model.hidden], ['blocks.0.attn.q'])['blocks.0.attn.q']!], options))).toContain('blocks.0.attn.q.lora.b');
});
