import { describe, expect, it } from 'vitest';
import {
  edit,
  evaluate,
  gather,
  gradients,
  inOrder,
  input,
  isParameter,
  type Node,
  nameOf,
  parameter,
  plan,
  reshape,
  type Tensor,
  tensor,
} from '../../core/index.ts';
import { causalMember } from '../../models/index.ts';
import { causalInputs, linear } from '../../nn/index.ts';
import { type Binding, numbersOf, openEngine, tensorOf } from '../../runtime/index.ts';
import { lora } from '../methods/index.ts';
import { baseBeside, klToBase, klToTop, likeliest } from './kl-to-base.ts';
import { labelInputs } from './label-loss.ts';

const noise = (count: number, seed: number): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed)));
const [vocab, width, rows] = [9, 4, 6];
const head = parameter('head', [vocab, width]);
const logitsOf = (own: Node): Node => linear(own, head);
const [hidden, base] = [input('hidden', ['2*part', width]), input('base', ['2*part', width])];
const { weights } = labelInputs(2);
const counts = [0.5, 0.25, 0, 1, 0.125, 0.5];
const given: ReadonlyMap<string, Tensor> = new Map([
  ['hidden', tensor([rows, width], noise(rows * width, 1))],
  ['base', tensor([rows, width], noise(rows * width, 2))],
  ['head', tensor([vocab, width], noise(vocab * width, 3))],
  ['weights', tensor([rows], counts)],
]);
const value = (node: Node, values = given): number => evaluate([node], values)[0]!.data[0]!;
const distribution = (logits: Float64Array, row: number): number[] => {
  const own = [...logits.slice(row * vocab, (row + 1) * vocab)].map(Math.exp);
  const total = own.reduce((a, b) => a + b, 0);
  return own.map((v) => v / total);
};
const differences = (loss: Node, names: readonly string[]): { got: number; expected: number } => {
  const nodes = inOrder([loss]).filter((node) => (node.op.name === 'input' || isParameter(node)) && names.includes(nameOf(node)));
  const along = new Map(nodes.map((node, i) => [nameOf(node), noise(given.get(nameOf(node))!.data.length, 7 + i)]));
  const at = (h: number) =>
    value(
      loss,
      new Map(
        [...given].map(([name, { shape, data }]) => [
          name,
          tensor(
            shape,
            data.map((v, i) => v + h * (along.get(name)?.[i] ?? 0)),
          ),
        ]),
      ),
    );
  const slopes = evaluate(gradients(loss, nodes), given);
  const got = slopes.reduce((total, { data }, k) => total + data.reduce((s, v, i) => s + v * along.get(nameOf(nodes[k]!))![i]!, 0), 0);
  return { got, expected: (at(1e-5) - at(-1e-5)) / 2e-5 };
};

describe('klToBase', () => {
  const loss = klToBase({ hidden, base, weights }, { head: logitsOf, chunks: 2 });

  it('is Σ w Σ p (log p − log q), nothing against itself, and has the gradient that differences give', () => {
    const [p, q] = evaluate([logitsOf(base), logitsOf(hidden)], given).map(({ data }) => data);
    const expected = counts.reduce((total, count, row) => {
      const [own, other] = [distribution(p!, row), distribution(q!, row)];
      return total + count * own.reduce((kl, v, i) => kl + v * Math.log(v / other[i]!), 0);
    }, 0);
    expect(value(loss)).toBeCloseTo(expected, 12);
    expect(value(loss, new Map([...given, ['hidden', given.get('base')!]]))).toBeCloseTo(0, 12);
    const { got, expected: slope } = differences(loss, ['hidden']);
    expect(got).toBeCloseTo(slope, 8);
    expect(Math.abs(slope)).toBeGreaterThan(1e-2);
  });

  it('lets no gradient into the base: neither its hidden rows, nor the head as the base reads it', () => {
    expect([...evaluate(gradients(loss, [base]), given, new Map([['part', rows / 2]]))[0]!.data].every((v) => v === 0)).toBe(true);
    // A head trained on one side only: differences that move the adapted head alone.
    const own = parameter('own', [vocab, width]);
    const apart = klToBase({ hidden, base, weights }, { head: (x) => linear(x, own), baseHead: logitsOf, chunks: 2 });
    const values = new Map([...given, ['own', given.get('head')!]] as [string, Tensor][]);
    const [together] = evaluate(gradients(loss, [head]), given);
    const [alone] = evaluate(gradients(apart, [own]), values);
    for (const [i, v] of together!.data.entries()) expect(v).toBeCloseTo(alone!.data[i]!, 12);
  });

  it('keeps the logits of one chunk of both models', () => {
    const [count, chunks] = [1024, 8];
    const table = parameter('table', [49_152, 576]);
    const wide = (name: string) => input(name, [`${chunks}*part`, 576]);
    const stream = wide('hidden');
    const whole = klToBase({ hidden: stream, base: wide('base'), weights: labelInputs(chunks).weights }, { head: (x) => linear(x, table), chunks });
    const outputs = { whole, slope: gradients(whole, [stream])[0]! };
    const lengths = { part: count / chunks };
    expect(inOrder(Object.values(outputs)).filter(({ op }) => op.name === 'matmul')).toHaveLength(3 * chunks);
    expect(plan({ outputs }, { lengths }).peakBytes(lengths)).toBeLessThan((5 * count * 49_152 * 4) / chunks + 8 * count * 576 * 4);
  });

  it('refuses weights of other rows', () => {
    expect(() => klToBase({ hidden, base, weights: input('w', [rows]) }, { head: logitsOf })).toThrow(/klToBase: expected weights \[2\*part\]/);
    expect(() => klToBase({ hidden, base: input('b', [rows, width]), weights }, { head: logitsOf })).toThrow(/what has the same rows/);
  });
});

describe('klToTop', () => {
  const lossOf = (count: number): Node => klToTop({ hidden, weights, ...likeliest(logitsOf(base), count) }, { head: logitsOf, chunks: 2 });

  it('of more tokens is never less, of all but one the whole', () => {
    const whole = value(klToBase({ hidden, base, weights }, { head: logitsOf, chunks: 2 }));
    const found = Array.from({ length: vocab - 1 }, (_, i) => value(lossOf(i + 1)));
    found.reduce((before, now) => {
      expect(now).toBeGreaterThanOrEqual(before - 1e-12);
      return now;
    }, 0);
    expect(found.at(-1)).toBeCloseTo(whole, 10);
    expect(found[0]!).toBeLessThan(whole);
  });

  it('is that of the K tokens and the rest as one, with the gradient that differences give', () => {
    const [p, q] = evaluate([logitsOf(base), logitsOf(hidden)], given).map(({ data }) => data);
    const expected = counts.reduce((total, count, row) => {
      const [own, other] = [distribution(p!, row), distribution(q!, row)];
      const top = own.map((v, i) => [v, other[i]!] as const).sort(([a], [b]) => b - a);
      const groups = [...top.slice(0, 3), top.slice(3).reduce(([a, b], [c, d]) => [a + c, b + d] as const, [0, 0] as const)];
      return total + count * groups.reduce((kl, [v, w]) => kl + v * Math.log(v / w), 0);
    }, 0);
    expect(value(lossOf(3))).toBeCloseTo(expected, 10);
    const fixed = evaluate(Object.values(likeliest(logitsOf(base), 3)), given);
    const [tokens, logProbs] = [input('tokens', ['2*part', 3], 'int64'), input('logProbs', ['2*part', 3])];
    const loss = klToTop({ hidden, weights, tokens, logProbs }, { head: logitsOf, chunks: 2 });
    const values = new Map([...given, ['tokens', fixed[0]!], ['logProbs', fixed[1]!]] as [string, Tensor][]);
    const slopes = evaluate(gradients(loss, [hidden, head]), values);
    const along = [noise(rows * width, 8), noise(vocab * width, 9)];
    const moved = (h: number) =>
      new Map([
        ...values,
        ...(['hidden', 'head'] as const).map((name, k): [string, Tensor] => [
          name,
          tensor(
            values.get(name)!.shape,
            values.get(name)!.data.map((v, i) => v + h * along[k]![i]!),
          ),
        ]),
      ]);
    const expectedSlope = (value(loss, moved(1e-5)) - value(loss, moved(-1e-5))) / 2e-5;
    expect(slopes.reduce((total, { data }, k) => total + data.reduce((s, v, i) => s + v * along[k]![i]!, 0), 0)).toBeCloseTo(expectedSlope, 8);
  });

  it('refuses tokens without their log-probabilities', () => {
    const tokens = input('tokens', ['2*part', 3], 'int64');
    expect(() => klToTop({ hidden, weights, tokens, logProbs: input('l', ['2*part', 2]) }, { head: logitsOf })).toThrow(
      /klToTop: expected tokens and log-probabilities/,
    );
  });
});

describe('baseBeside', () => {
  const member = causalMember({
    model_type: 'llama',
    vocab_size: 17,
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    intermediate_size: 12,
    hidden_act: 'silu',
    max_position_embeddings: 32,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: true,
  });
  const inputs = causalInputs(member.config, { mask: false, segments: true });
  const model = member.build(inputs);
  const flat = (x: Node): Node => reshape(x, ['batch*seq', 8]);
  const places = labelInputs(2);
  const method = lora({ rank: 2, targets: ['mlp.down'] });
  const adapted = method.apply([model.hidden]);
  const before = baseBeside([model.hidden], adapted.roots, new Set(adapted.parameters.map(nameOf)));
  const table = model.parameters.find((node) => nameOf(node) === 'embed.word.weight')!;
  const loss = klToBase(
    { hidden: gather(flat(adapted.roots[0]!), places.rows), base: gather(flat(before[0]!), places.rows), weights: places.weights },
    { head: (x) => linear(x, table), chunks: 2 },
  );
  const feeds: ReadonlyMap<string, Tensor> = new Map([
    ['ids', tensor([2, 5], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3])],
    ['positions', tensor([2, 5], [0, 1, 2, 3, 4, 0, 1, 2, 0, 1])],
    ['segments', tensor([2, 5], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1])],
    ['rows', tensor([4], [1, 4, 7, 9])],
    ['weights', tensor([4], [0.25, 0.25, 0.25, 0.25])],
  ]);
  const parameters = [...model.parameters, ...adapted.parameters];
  const valuesOf = (zero: RegExp): ReadonlyMap<string, Tensor> =>
    new Map([
      ...feeds,
      ...parameters.map((node, k): [string, Tensor] => {
        const shape = node.shape as readonly number[];
        const size = shape.reduce((a, b) => a * b, 1);
        return [nameOf(node), tensor(shape, zero.test(nameOf(node)) ? new Float64Array(size) : noise(size, k).map((v) => (shape.length === 1 ? 1 : v)))];
      }),
    ]);

  it('gives the model as it was: no distance at the start, one after; only what the adapter does not reach is shared', () => {
    expect(value(loss, valuesOf(/\.b$/))).toBeCloseTo(0, 12);
    expect(value(loss, valuesOf(/^$/))).toBeGreaterThan(1e-3);
    const sites = inOrder([...before, ...adapted.roots]).flatMap(({ site }) => (site === undefined ? [] : [site]));
    expect(sites.filter((site, i) => sites.indexOf(site) !== i)).toEqual([]);
    const own = new Set(inOrder(before));
    const reached = inOrder(adapted.roots).filter((node) => own.has(node));
    expect(reached.some(({ site }) => site === 'blocks.0.mlp.act')).toBe(true);
    expect(reached.some(({ site }) => site === 'blocks.1.mlp.act')).toBe(false);
  });

  it('has the gradient that it would have were the base’s hidden rows given', () => {
    const values = valuesOf(/^$/);
    const [fixed] = evaluate(before, values);
    const asInput = input('before', before[0]!.shape);
    const [cut] = edit([loss], (node, original) => (original === before[0] ? asInput : node));
    const [one, other] = [loss, cut!].map((node) => evaluate(gradients(node, adapted.parameters), new Map([...values, ['before', fixed!]])));
    for (const [i, { data }] of one!.entries()) {
      expect(data.some((v) => v !== 0)).toBe(true);
      for (const [k, v] of data.entries()) expect(v).toBeCloseTo(other![i]!.data[k]!, 12);
    }
  });

  it('of a weight that is trained itself is read under a name of its own, and stays', () => {
    const trained = model.parameters.find((node) => nameOf(node) === 'blocks.1.mlp.up.weight')!;
    const apart = baseBeside([model.hidden], [model.hidden], new Set([nameOf(trained)]));
    const names = inOrder(apart).filter(isParameter).map(nameOf);
    expect(names).toContain('base:blocks.1.mlp.up.weight');
    expect(names).not.toContain('blocks.1.mlp.up.weight');
    expect(inOrder(apart).find(({ site }) => site === 'blocks.0.resid.post')).toBe(inOrder([model.hidden]).find(({ site }) => site === 'blocks.0.resid.post'));
  });

  it('is in onnxruntime what the evaluator gives', async () => {
    const values = valuesOf(/^$/);
    const slopes = gradients(loss, adapted.parameters);
    const outputs = { loss, ...Object.fromEntries(slopes.map((node, i) => [`slope${i}`, node])) };
    const expected = evaluate(Object.values(outputs), values);
    const read = new Set(inOrder(Object.values(outputs)).filter(isParameter).map(nameOf));
    const bindings = parameters
      .filter((node) => read.has(nameOf(node)))
      .map((node): [string, Binding] => {
        const { shape, data } = values.get(nameOf(node))!;
        return [nameOf(node), { kind: 'constant', value: tensorOf('float32', shape, data) }];
      });
    await using engine = await openEngine({ threads: 1 });
    await using program = await engine.compile({ name: 'kl', outputs }, new Map(bindings));
    const got = await program.run(
      Object.fromEntries([...feeds].map(([name, { shape, data }]) => [name, tensorOf(name === 'weights' ? 'float32' : 'int64', shape, data)])),
    );
    for (const [i, name] of Object.keys(outputs).entries())
      expect([...numbersOf(got[name]!)], name).toEqual([...expected[i]!.data].map((number) => expect.closeTo(number, 4)));
  });
});
