// The laws that every way to adapt keeps, on every kind of model: a new method is a row in `testing/method-cases.ts`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  concat,
  constant,
  edit,
  evaluate,
  gradients,
  inOrder,
  input,
  mul,
  type Node,
  nameOf,
  print,
  sum,
  type Tensor,
  tensor,
  UnsupportedError,
  verify,
} from '../../core/index.ts';
import { openSafetensors, writeSafetensors } from '../../formats/index.ts';
import { relativeDifference } from '../../models/testing/causal-fixture.ts';
import { runCached } from '../../models/testing/run-cached.ts';
import { inPractice, inTheory } from '../../nn/edits/testing/tiny-bert.ts';
import { causalInputs, quantise } from '../../nn/index.ts';
import { type Engine, numbersOf, openEngine, type TensorData } from '../../runtime/index.ts';
import { type MethodCase, methodCases, ownFeeds, type Prepared, prepared } from '../testing/method-cases.ts';
import { type TinyModel, tinyModel, tinyModelNames } from '../testing/tiny-models.ts';
import { methodKinds, methodOf } from './index.ts';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'lyceum-methods-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const joined = (...maps: readonly ReadonlyMap<string, Tensor>[]): Map<string, Tensor> => new Map(maps.flatMap((map) => [...map]));
const theory = (root: Node, ...values: readonly ReadonlyMap<string, Tensor>[]): Tensor => inTheory({ root }, joined(...values))['root']!;
const practice = async (root: Node, ...values: readonly ReadonlyMap<string, Tensor>[]): Promise<TensorData> =>
  (await inPractice(engine, { root }, joined(...values)))['root']!;
const expectWithin = (got: TensorData, expected: TensorData, bound: number): void => {
  if (bound === 0) expect(got.data).toEqual(expected.data);
  else expect(relativeDifference({ data: numbersOf(got) }, tensor(expected.shape, numbersOf(expected)))).toBeLessThan(bound);
};

/** The root with what gradients do not flow through held at its values. */
const withHeld = (root: Node, values: ReadonlyMap<string, Tensor>): Node => {
  const stopped = inOrder([root]).filter(({ op }) => op.name === 'stopGradient');
  const held = new Map(evaluate(stopped, values).map(({ shape, data }, i) => [stopped[i]!, constant(data, shape)]));
  return edit([root], (node, original) => held.get(original) ?? node)[0]!;
};

it('covers every method', () => {
  const model = { root: input('x', [1]), weights: new Map() } as unknown as TinyModel;
  const kinds = Object.values(methodCases).flatMap(({ make }) => {
    try {
      return [make(model).kind];
    } catch {
      return []; // those made of a model
    }
  });
  expect([...new Set([...kinds, 'arrow', 'fisher-masked'])].sort()).toEqual(methodKinds);
});

describe.each(tinyModelNames)('on %s', (modelName) => {
  describe.each(Object.entries(methodCases))('%s', (_, methodCase: MethodCase) => {
    const { startsWithin } = methodCase;
    let model: TinyModel;
    let own: Prepared;
    beforeAll(async () => {
      model = await tinyModel(modelName);
      own = await prepared(methodCase.make(model), model);
    });

    it('is sound, and computes at the start what the base computes', async () => {
      verify([own.root]);
      const atStart = await practice(own.root, model.weights, own.start, own.feeds, model.feeds);
      const base = await practice(model.root, model.weights, model.feeds);
      if (startsWithin === undefined) expect(own.method.untrainable).toBeDefined();
      else expectWithin(atStart, base, startsWithin);
      const learnt = await practice(own.root, model.weights, own.learnt, own.feeds);
      expect(relativeDifference({ data: numbersOf(learnt) }, tensor(base.shape, numbersOf(base)))).toBeGreaterThan(1e-3);
    });

    it('is the same when its options have been JSON and its values a file', async () => {
      const again = methodOf(own.method.kind, JSON.parse(JSON.stringify(own.method.options)));
      expect(print(again.apply([model.root]).roots)).toBe(print([own.root]));
      const path = join(folder, 'adapter.safetensors');
      const values = [...own.learnt].map(([name, { shape, data }]) => [name, { dtype: 'float32' as const, shape, data: Float32Array.from(data) }] as const);
      await writeSafetensors(path, new Map(values));
      const file = await openSafetensors(path);
      for (const [name, value] of values) expect(await file.read(name)).toEqual(value);
      expect([...file.tensors.keys()].sort()).toEqual(own.parameters.map(nameOf).sort());
    });

    it('merged into the weights computes the same, or says why it cannot be', () => {
      const { method } = own;
      expect(method.merge === undefined).toBe(method.unmergeable !== undefined);
      if (!method.merge) return;
      const floats = (values: ReadonlyMap<string, Tensor>) => new Map([...values].map(([name, { data }]) => [name, Float32Array.from(data)]));
      const values = floats(own.learnt);
      const merged = new Map(
        [...model.weights].map(([name, { shape, data }]) => {
          const weight = Float32Array.from(data);
          // What is trained under the name of the base takes its place.
          return [name, tensor(shape, shape.length === 2 ? method.merge!(name.replace(/\.weight$/, ''), weight, values) : (values.get(name) ?? weight))];
        }),
      );
      const adapted = theory(own.root, model.weights, own.learnt, own.feeds);
      expect(relativeDifference(theory(model.root, merged, own.feeds), adapted)).toBeLessThan(1e-5);
    });

    it('stands on a base that is quantised, or says that it does not', async () => {
      const int8 = { bits: 'int8', targets: /^blocks\./ } as const;
      const base = quantise([model.root], int8);
      if (!methodCase.quantised) {
        expect(() => own.method.apply(base.roots)).toThrow(UnsupportedError);
        return;
      }
      const adapted = quantise([own.root], int8);
      expect(adapted.weights.map(({ from }) => from).sort()).toEqual(base.weights.map(({ from }) => from).sort());
      const packed = new Map(
        base.weights.flatMap(({ from, make }) =>
          Object.entries(make(Float32Array.from(model.weights.get(from)!.data))).map(([name, { shape, data }]): [string, Tensor] => [
            name,
            tensor(shape, Array.from(data, Number)),
          ]),
        ),
      );
      if (startsWithin !== undefined)
        expectWithin(
          await practice(adapted.roots[0]!, model.weights, packed, own.start, own.feeds, model.feeds),
          await practice(base.roots[0]!, model.weights, packed, model.feeds),
          startsWithin,
        );
      const [before, after] = [own.root, adapted.roots[0]!].map((root) => theory(root, model.weights, packed, own.learnt, own.feeds));
      expect(relativeDifference(after!, before!)).toBeLessThan(0.25); // what int8 costs models this small
    });

    it('has the gradient that finite differences find', () => {
      if (own.method.untrainable) return;
      const at = joined(model.weights, own.learnt, own.feeds);
      const { shape } = theory(own.root, at);
      const [, , width] = shape as [number, number, number];
      const mask = own.feeds.get('mask')!.data; // rows of padding hold no meaning
      const weights = tensor(
        shape,
        Array.from({ length: mask.length * width }, (_, i) => mask[Math.floor(i / width)]! * Math.cos(i)),
      );
      const lossOf = (root: Node): Node => sum(mul(root, input('lossWeights', root.shape)), [...root.shape.keys()]);
      const direction = (name: string, i: number): number => Math.sin(2.1 * i + name.length);
      const outputs = Object.fromEntries(gradients(lossOf(own.root), own.parameters).map((node, i) => [nameOf(own.parameters[i]!), node]));
      const found = inTheory(outputs, joined(at, new Map([['lossWeights', weights]])));
      const analytic = Object.entries(found).reduce(
        (total, [name, { data }]) => total + data.reduce((part, value, i) => part + value * direction(name, i), 0),
        0,
      );
      const loss = lossOf(withHeld(own.root, at));
      const h = 1e-4;
      const along = (far: number): number => {
        const moved = [...own.learnt].map(([name, { shape, data }]): [string, Tensor] => [
          name,
          tensor(
            shape,
            data.map((value, i) => value + far * direction(name, i)),
          ),
        ]);
        return theory(loss, at, new Map(moved), new Map([['lossWeights', weights]])).data[0]!;
      };
      const numeric = (8 * (along(h) - along(-h)) - along(2 * h) + along(-2 * h)) / (12 * h);
      expect(Math.abs(numeric)).toBeGreaterThan(1e-3);
      expect(Math.abs(analytic - numeric) / Math.abs(numeric)).toBeLessThan(1e-6);
      for (const [name, { data }] of Object.entries(found))
        expect(
          data.some((value) => value !== 0),
          name,
        ).toBe(true);
    });

    it.skipIf(modelName === 'bert')('reads with a cache as it reads whole texts', async () => {
      const { config, build } = model.member!;
      const ids = [...own.feeds.get('ids')!.data.slice(0, 9)];
      const more = new Map(ownFeeds(own.method, 1));
      const whole = build(causalInputs(config, { mask: false }));
      const expected = theory(
        own.method.apply([whole.logits]).roots[0]!,
        model.weights,
        own.learnt,
        more,
        new Map([
          ['ids', tensor([1, 9], ids)],
          ['positions', tensor([1, 9], [...ids.keys()])],
        ]),
      );
      const { logits, keys, values } = build(causalInputs(config, { past: 'kvSeq' }));
      const [adapted, ownKeys, ownValues] = own.method.apply([logits, concat(keys, 0), concat(values, 0)]).roots as [Node, Node, Node];
      const run = async (feeds: ReadonlyMap<string, Tensor>) =>
        inTheory({ logits: adapted, keys: ownKeys, values: ownValues }, joined(model.weights, own.learnt, more, feeds));
      const [data] = await runCached(run, config, [ids], [[5], [1], [1], [2]], { side: 'left', capacity: 12 });
      expect(relativeDifference({ data: data! }, expected)).toBeLessThan(1e-10);
    });
  });
});
