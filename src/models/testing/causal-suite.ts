// What every family must do, on its tiny model: equal the reference implementation, and not care how a text is padded or cut.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cast,
  concat,
  div,
  gradients,
  logicalAnd,
  mul,
  type Node,
  nameOf,
  scaleAxis,
  slice,
  subtractAxes,
  sum,
  type Tensor,
  tensor,
  verify,
} from '../../core/index.ts';
import { inPractice, inTheory } from '../../nn/edits/testing/tiny-bert.ts';
import { blockOf, blockSites, type CausalInputs, causalInputs, modelSites, sitesIn, softmaxCrossEntropy } from '../../nn/index.ts';
import { type Engine, numbersOf, openEngine } from '../../runtime/index.ts';
import type { CausalModel } from '../index.ts';
import { type CausalFixture, causalFixture, relativeDifference } from './causal-fixture.ts';
import { type Run, runCached } from './run-cached.ts';

/** Mean cross entropy of the next token, over tokens that have one. */
const lossOf = ({ logits }: CausalModel, { ids, mask }: CausalInputs): Node => {
  const seq = ids.shape[1]!;
  const counted = cast(logicalAnd(slice(mask!, 1, 0, subtractAxes(seq, 1)), slice(mask!, 1, 1, seq)), 'float32');
  const each = softmaxCrossEntropy(slice(logits, 1, 0, subtractAxes(seq, 1)), slice(ids, 1, 1, seq));
  return div(sum(mul(each, counted), [0, 1]), sum(counted, [0, 1]));
};

/** The mask of rows [batch, seq] for what has heads before its rows. */
const overHeads = ({ shape, data }: Tensor, heads: number): Tensor => {
  const [batch, seq] = shape as [number, number];
  return tensor(
    [batch, heads, seq],
    Array.from({ length: batch * heads * seq }, (_, i) => data[Math.floor(i / (heads * seq)) * seq + (i % seq)]!),
  );
};

/** @param name  of the fixture · @param sites  those of a block, in order */
export const causalSuite = (name: string, sites: readonly string[]): void => {
  let fixture: CausalFixture;
  let engine: Engine;
  let values: ReadonlyMap<string, Tensor>;
  let whole: { readonly inputs: CausalInputs; readonly model: CausalModel };
  beforeAll(async () => {
    fixture = await causalFixture(name);
    engine = await openEngine({ threads: 1 });
    const inputs = causalInputs(fixture.member.config);
    whole = { inputs, model: fixture.member.build(inputs) };
    values = new Map([...fixture.weights, ['ids', fixture.ids], ['mask', fixture.mask], ['positions', fixture.positions]]);
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  /** By the evaluator, and by onnxruntime. */
  const both = async (outputs: Readonly<Record<string, Node>>): Promise<[string, Record<string, { readonly data: Float64Array }>][]> => {
    const practice = await inPractice(engine, outputs, values);
    return [
      ['theory', inTheory(outputs, values)],
      ['practice', Object.fromEntries(Object.entries(practice).map(([key, value]) => [key, { data: numbersOf(value) }]))],
    ];
  };
  const texts = (): number[][] => {
    const [batch, seq] = fixture.ids.shape as [number, number];
    return Array.from({ length: batch }, (_, b) => [...fixture.ids.data.slice(b * seq, (b + 1) * seq)].filter((_, t) => fixture.mask.data[b * seq + t] === 1));
  };

  describe(`${name} equals the reference implementation, by the evaluator and by onnxruntime`, () => {
    it('at every site of every block, and of the model', async () => {
      const found = sitesIn([whole.model.logits]);
      expect([...found.keys()].sort()).toEqual([...fixture.sites].sort());
      for (const [by, got] of await both(Object.fromEntries(found)))
        for (const [site, node] of found) {
          const { shape, data } = await fixture.expected(site);
          const mine = got[site]!.data;
          // Where nothing is seen, either has a large negative number of its own.
          const bothUnseen = (i: number): boolean => data[i]! < -1e30 && mine[i]! < -1e8;
          const seen = (values: Float64Array): Float64Array => values.map((value, i) => (bothUnseen(i) ? 0 : value));
          const mask = node.shape.length === 4 ? overHeads(fixture.mask, node.shape[1] as number) : fixture.mask;
          expect(relativeDifference({ data: seen(mine) }, tensor(shape, seen(data)), mask), `${by} ${site}`).toBeLessThan(5e-6);
        }
    });

    it('in the gradient of the loss for every parameter', async () => {
      const { model, inputs } = whole;
      const loss = lossOf(model, inputs);
      const outputs: Record<string, Node> = { loss };
      for (const [i, node] of gradients(loss, model.parameters).entries()) outputs[`gradient of ${nameOf(model.parameters[i]!)}`] = node;
      for (const [by, got] of await both(outputs)) {
        expect(relativeDifference(got['loss']!, await fixture.expected('loss')), by).toBeLessThan(1e-6);
        expect([...fixture.gradients.keys()].sort()).toEqual(model.parameters.map(nameOf).sort());
        // a bias that softmax does not see has a gradient of rounding errors only
        for (const [key, expected] of fixture.gradients)
          if (expected.data.some((value) => Math.abs(value) > 1e-6))
            expect(relativeDifference(got[`gradient of ${key}`]!, expected), `${by} ${key}`).toBeLessThan(1e-4);
          else expect(got[`gradient of ${key}`]!.data.every((value) => Math.abs(value) < 1e-6)).toBe(true);
      }
    });
  });

  describe(name, () => {
    it('has the sites of the vocabulary, and is sound', () => {
      const { logits, keys, values: newValues, hidden } = whole.model;
      verify([logits, hidden, ...keys, ...newValues]);
      const found = [...sitesIn([logits]).keys()];
      expect(found.filter((site) => blockOf(site) === 1).map((site) => site.slice('blocks.1.'.length))).toEqual(sites);
      const known = new Set([...Object.keys(modelSites), ...Object.keys(blockSites)]);
      for (const site of found) expect(known).toContain(site.replace(/^blocks\.\d+\./, ''));
    });

    const wholeText = (ids: readonly number[]): Tensor => {
      const inputs = causalInputs(fixture.member.config, { mask: false });
      const given = new Map(fixture.weights).set('ids', tensor([1, ids.length], ids)).set('positions', tensor([1, ids.length], [...ids.keys()]));
      return inTheory({ logits: fixture.member.build(inputs).logits }, given)['logits']!;
    };

    it('computes of packed texts with attention in parts what it computes at once, and the gradients', () => {
      const [batch, seq] = fixture.ids.shape as [number, number];
      const parts = [2, 3].find((count) => seq % count === 0)!;
      const segments = tensor(
        [batch, seq],
        Array.from({ length: batch * seq }, (_, i) => ((i % seq) * 3 < seq ? 0 : 1)),
      );
      const given = new Map(values).set('segments', segments);
      const outputsOf = (inputs: CausalInputs): Record<string, Node> => {
        const model = fixture.member.build(inputs);
        const loss = sum(mul(model.logits, model.logits), [0, 1, 2]);
        return { logits: model.logits, ...Object.fromEntries(gradients(loss, model.parameters).map((node, i) => [nameOf(model.parameters[i]!), node])) };
      };
      const chosen = { mask: false, segments: true };
      const atOnce = inTheory(outputsOf(causalInputs(fixture.member.config, chosen)), given);
      const inParts = inTheory(outputsOf(causalInputs(fixture.member.config, { ...chosen, seq: scaleAxis('part', parts), parts })), given);
      for (const [key, { data }] of Object.entries(atOnce)) {
        const largest = Math.max(...data.map(Math.abs));
        expect(Math.max(...data.map((value, i) => Math.abs(value - inParts[key]!.data[i]!))), key).toBeLessThanOrEqual(1e-9 * largest + 1e-12);
      }
    });

    it('reads texts packed into one row as it reads each alone, whatever the padding', () => {
      const { vocab } = fixture.member.config;
      const packed = texts();
      const filler = [5, 5, 5];
      const joined = [...packed.flat(), ...filler];
      const row = (values: readonly number[]): Tensor => tensor([1, joined.length], values);
      const given = new Map(fixture.weights)
        .set('ids', row(joined))
        .set('positions', row([...packed.flatMap((text) => [...text.keys()]), ...filler.keys()]))
        .set('segments', row([...packed.flatMap((text, i) => text.map(() => i)), ...filler.map(() => -1)]));
      const inputs = causalInputs(fixture.member.config, { mask: false, segments: true });
      const { data } = inTheory({ logits: fixture.member.build(inputs).logits }, given)['logits']!;
      let at = 0;
      for (const text of packed) {
        const { data: alone } = wholeText(text);
        expect([...data.slice(at, at + alone.length)].every((value, i) => Math.abs(value - alone[i]!) < 1e-9)).toBe(true);
        at += text.length * vocab;
      }
      expect(at).toBe((joined.length - filler.length) * vocab);
    });

    it('reads a text alone as it reads it beside others, padded on either side', () => {
      const { vocab } = fixture.member.config;
      const [batch, seq] = fixture.ids.shape as [number, number];
      const alone = texts().map(wholeText);
      for (const side of ['left', 'right'] as const) {
        const padded = (text: readonly number[], filler: number): number[] =>
          side === 'left' ? [...Array(seq - text.length).fill(filler), ...text] : [...text, ...Array(seq - text.length).fill(filler)];
        const given = new Map(fixture.weights)
          .set(
            'ids',
            tensor(
              [batch, seq],
              texts().flatMap((text) => padded(text, 7)),
            ),
          )
          .set(
            'positions',
            tensor(
              [batch, seq],
              texts().flatMap((text) => padded([...text.keys()], 3)),
            ),
          )
          .set(
            'mask',
            tensor(
              [batch, seq],
              texts().flatMap((text) =>
                padded(
                  text.map(() => 1),
                  0,
                ),
              ),
            ),
          );
        const { data } = inTheory({ logits: whole.model.logits }, given)['logits']!;
        for (const [b, { data: expected }] of alone.entries()) {
          const start = b * seq * vocab + (side === 'left' ? seq * vocab - expected.length : 0);
          expect(relativeDifference({ data: data.slice(start, start + expected.length) }, alone[b]!), side).toBeLessThan(1e-12);
        }
      }
    });

    it('gives logits of chosen rows where asked', async () => {
      const { logits } = fixture.member.build(causalInputs(fixture.member.config, { rows: true }));
      expect(logits.shape).toEqual(['rows', fixture.member.config.vocab]);
      const [batch, seq] = fixture.ids.shape as [number, number];
      const at = [batch * seq - 1, 0, seq - 1];
      const rows = inTheory({ logits }, new Map(values).set('rows', tensor([at.length], at)))['logits']!;
      const all = inTheory({ logits: whole.model.logits }, values)['logits']!;
      const { vocab } = fixture.member.config;
      expect([...rows.data]).toEqual(at.flatMap((row) => [...all.data.slice(row * vocab, (row + 1) * vocab)]));
    });

    const steps: readonly (readonly [string, number, readonly (readonly number[])[]])[] = [
      ['token by token', 1, [[1], [1], [1], [1], [1], [1]]],
      ['in pieces', 1, [[4], [1], [2], [2]]],
      [
        'two texts, the second starting later',
        2,
        [
          [5, 2],
          [1, 1],
          [1, 1],
          [2, 2],
        ],
      ],
      [
        'two texts, with gaps',
        2,
        [
          [3, 1],
          [1, 2],
          [2, 1],
          [1, 1],
          [1, 0],
          [1, 1],
        ],
      ],
    ];
    for (const side of ['left', 'right'] as const)
      it.each(steps)(`with a cache of free slots reads as without: %s, padded on the ${side}`, async (_, rows, taken) => {
        const { member, weights } = fixture;
        const inputs = causalInputs(member.config, { past: 'kvSeq' });
        const { logits, keys, values: newValues } = member.build(inputs);
        const outputs = { logits, keys: concat(keys, 0), values: concat(newValues, 0) };
        const theory: Run = async (feeds) => inTheory(outputs, new Map([...weights, ...feeds]));
        const practice: Run = async (feeds) =>
          Object.fromEntries(
            Object.entries(await inPractice(engine, outputs, new Map([...weights, ...feeds]))).map(([key, value]) => [
              key,
              tensor(value.shape, numbersOf(value)),
            ]),
          );
        const read = texts().slice(0, rows);
        for (const [run, bound] of [
          [theory, 1e-11],
          [practice, 3e-6],
        ] as const) {
          const got = await runCached(run, member.config, read, taken, { side, capacity: 12 });
          for (const [b, data] of got.entries()) {
            const text = read[b]!.slice(0, data.length / member.config.vocab);
            expect(text.length).toBeGreaterThan(3);
            expect(relativeDifference({ data }, wholeText(text))).toBeLessThan(bound);
          }
        }
      });

    it('reads a text in pieces with attention as one operator in parts, and its last block for chosen rows', async () => {
      const { member, weights } = fixture;
      const [text] = texts() as [number[]];
      const inputs = causalInputs(member.config, { past: 'kvSeq', dense: true, mask: false, rows: true, rowsOnly: true, parts: 2 });
      const { logits, keys, values: newValues } = member.build(inputs);
      const outputs = { logits, keys: concat(keys, 0), values: concat(newValues, 0) };
      const withRows = (feeds: ReadonlyMap<string, Tensor>): Map<string, Tensor> => {
        const seq = feeds.get('ids')!.shape[1]!;
        return new Map([...weights, ...feeds]).set('rows', tensor([seq], [...Array(seq).keys()]));
      };
      const { vocab } = member.config;
      const theory: Run = async (feeds) => {
        const all = inTheory(outputs, withRows(feeds));
        const last = inTheory({ logits }, withRows(feeds).set('rows', tensor([1], [feeds.get('ids')!.shape[1]! - 1])))['logits']!;
        expect(relativeDifference({ data: all['logits']!.data.slice(-vocab) }, last)).toBeLessThan(1e-12);
        return all;
      };
      const practice: Run = async (feeds) =>
        Object.fromEntries(
          Object.entries(await inPractice(engine, outputs, withRows(feeds))).map(([key, value]) => [key, tensor(value.shape, numbersOf(value))]),
        );
      const runs: readonly (readonly [Run, number])[] = [[theory, 1e-11], ...(member.config.headDim % 8 === 0 ? [[practice, 3e-6] as const] : [])]; // what the kernel asks for
      for (const [run, bound] of runs)
        for (const taken of [
          [[5], [4]],
          [[4], [5]],
        ]) {
          const [data] = await runCached(run, member.config, [text], taken, { side: 'right', capacity: 11 });
          expect(relativeDifference({ data: data! }, wholeText(text.slice(0, 9)))).toBeLessThan(bound);
        }
    });

    it('decodes one token of one text with a program of that size', async () => {
      const { member, weights } = fixture;
      const { config } = member;
      const [text] = texts() as [number[]];
      const { logits, keys, values: newValues } = member.build(causalInputs(config, { batch: 1, seq: 1, past: 8, mask: false }));
      const outputs = { logits, keys: concat(keys, 0), values: concat(newValues, 0) };
      const run: Run = async (feeds) =>
        Object.fromEntries(
          Object.entries(await inPractice(engine, outputs, new Map([...weights, ...feeds]))).map(([key, value]) => [
            key,
            tensor(value.shape, numbersOf(value)),
          ]),
        );
      const [data] = await runCached(run, config, [text], Array(8).fill([1]), { side: 'left', capacity: 8 });
      expect(relativeDifference({ data: data! }, wholeText(text.slice(0, 8)))).toBeLessThan(3e-6);
    });
  });
};
