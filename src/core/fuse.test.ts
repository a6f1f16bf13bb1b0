import { describe, expect, it } from 'vitest';
import {
  add,
  evaluate,
  exp,
  fused,
  gradients,
  inOrder,
  input,
  matmul,
  type Node,
  named,
  nameOf,
  parameter,
  print,
  reshape,
  softmax,
  sum,
  transpose,
  verify,
} from './index.ts';
import { deepChain } from './testing/deep-chain.ts';
import { caseTensor } from './testing/op-cases.ts';

const x = input('x', ['batch', 'seq', 4]);
const [w, b] = [parameter('w', [3, 4]), parameter('b', [3])];
const product = matmul(x, w, { transposeB: true });
const names = (node: Node) => inOrder([node]).map((n) => n.op.name);
const after = (node: Node) => fused({ name: 'p', outputs: { y: node } }).outputs.y!;

describe('fused', () => {
  it('joins a product with its bias, whichever comes first, and keeps the site', () => {
    expect(print([after(named('up', add(product, b)))])).toMatchInlineSnapshot(`
      "%0 = input x [batch, seq, 4] float32
      %1 = parameter w [3, 4] float32
      %2 = parameter b [3] float32
      %3 = affine %0 %1 %2 {transposeB} [batch, seq, 3] float32 @up
      return %3"
    `);
    expect(names(after(exp(add(b, product))))).toContain('affine');
  });
  it('leaves a product that something else reads, a scaled one, one with another bias', () => {
    const [both, again] = Object.values(fused({ name: 'p', outputs: { both: add(product, b), again: product } }).outputs);
    expect([...names(both!), ...names(again!)]).not.toContain('affine');
    expect(names(after(add(matmul(x, w, { transposeB: true, scale: 2 }), b)))).not.toContain('affine');
    expect(names(after(add(product, input('bias', ['batch', 1, 3]))))).not.toContain('affine');
    expect(after(product)).toBe(product);
  });
  it('changes no value and no gradient', () => {
    const y = sum(exp(add(product, b)), [0, 1, 2]);
    const program = { name: 'p', outputs: { y, ...Object.fromEntries(gradients(y, [x, w, b]).map((node, i) => [`d${i}`, node])) } };
    const values = new Map([
      ['x', caseTensor([2, 3, 4], 1)],
      ['w', caseTensor([3, 4], 2)],
      ['b', caseTensor([3], 3)],
    ]);
    const before = evaluate(Object.values(program.outputs), values);
    const joined = Object.values(fused(program).outputs);
    expect(joined.flatMap(names)).toContain('affine');
    evaluate(joined, values).forEach((t, i) => {
      t.data.forEach((v, k) => {
        expect(v).toBeCloseTo(before[i]!.data[k]!, 12);
      });
    });
    verify(joined);
  });
  it('sums the gradient of a pattern over the narrow side, and changes no value', () => {
    const [q, v] = ['q', 'v'].map((name) => input(name, ['batch', 'seq', 6]));
    const heads = (node: Node) => transpose(reshape(node, ['batch', 'seq', 2, 3]), [0, 2, 1, 3]);
    const mixed = matmul(softmax(matmul(heads(q!), heads(q!), { transposeB: true })), heads(v!));
    const y = sum(exp(reshape(transpose(mixed, [0, 2, 1, 3]), ['batch', 'seq', 6])), [0, 1, 2]);
    const program = { name: 'p', outputs: Object.fromEntries([y, ...gradients(y, [q!, v!])].map((node, i) => [`o${i}`, node])) };
    const roots = Object.values(fused(program).outputs);
    const sums = (nodes: readonly Node[]) => inOrder(nodes).flatMap((node) => (node.op.name === 'sum' ? [node.inputs[0]!.shape.join()] : []));
    expect(sums(Object.values(program.outputs))).toContain('batch,2,seq,seq');
    expect(sums(roots)).not.toContain('batch,2,seq,seq');
    const values = new Map([
      ['q', caseTensor([2, 5, 6], 1)],
      ['v', caseTensor([2, 5, 6], 2)],
    ]);
    const before = evaluate(Object.values(program.outputs), values);
    evaluate(roots, values).forEach((t, i) => {
      t.data.forEach((value, k) => {
        expect(value).toBeCloseTo(before[i]!.data[k]!, 10);
      });
    });
    verify(roots);
  });
  it('shares the rest: a deep program without biases is the same', () => {
    const program = deepChain(3, 4, true);
    expect(Object.values(fused(program).outputs)).toEqual(Object.values(program.outputs));
    expect(fused(program).outputs.loss).toBe(program.outputs.loss);
    expect(nameOf(w)).toBe('w');
  });
});
