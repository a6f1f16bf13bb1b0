import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  add,
  cast,
  concat,
  constant,
  div,
  edit,
  evaluate,
  expand,
  gather,
  gradients,
  hashGraph,
  input,
  layerNorm,
  leavesOf,
  logicalNot,
  matmul,
  mul,
  type Node,
  named,
  pad,
  parameter,
  print,
  reshape,
  ShapeError,
  slice,
  softmax,
  split,
  square,
  sum,
  tensor,
  topK,
  transpose,
  verify,
  where,
} from './index.ts';

const model = () => {
  const ids = input('ids', ['batch', 'seq'], 'int64');
  const hidden = named('embeddings', gather(parameter('word', [10, 4]), ids));
  const up = named('mlp.up', matmul(hidden, parameter('up', [8, 4]), { transposeB: true, scale: 0.5 }));
  return named('out', add(softmax(up), constant([1, 2, 3, 4, 5, 6, 7, 8])));
};

describe('print', () => {
  it('shows structure, types, sites and constants', () => {
    expect(print([model()])).toMatchInlineSnapshot(`
      "%0 = parameter word [10, 4] float32
      %1 = input ids [batch, seq] int64
      %2 = gather %0 %1 {axis: 0} [batch, seq, 4] float32 @embeddings
      %3 = parameter up [8, 4] float32
      %4 = matmul %2 %3 {scale: 0.5, transposeB} [batch, seq, 8] float32 @mlp.up
      %5 = softmax %4 [batch, seq, 8] float32
      %6 = constant 1 2 3 4 5 6 7 8 [8] float32
      %7 = add %5 %6 [batch, seq, 8] float32 @out
      return %7"
    `);
  });
  it('shows a gradient', () => {
    const x = input('x', ['batch', 3]);
    const w = parameter('w', [2, 3]);
    expect(print(gradients(sum(square(matmul(x, w, { transposeB: true })), [0, 1]), [w]))).toMatchInlineSnapshot(`
      "%0 = input x [batch, 3] float32
      %1 = parameter w [2, 3] float32
      %2 = matmul %0 %1 {transposeB} [batch, 2] float32
      %3 = mul %2 2 [batch, 2] float32
      %4 = matmul %3 %0 {transposeA} [2, 3] float32
      return %4"
    `);
  });
});

describe('hashGraph', () => {
  const other: Record<string, Node> = {
    'another constant': add(model(), constant(1e-9)),
    'another attribute': slice(model(), 2, 0, 7),
    'another slice': slice(model(), 2, 1, 8),
    'a site': named('else', model()),
    'a dtype': cast(model(), 'float64'),
    'a name': gather(parameter('words', [10, 4]), input('ids', ['batch', 'seq'], 'int64')),
    'a padding of −∞': pad(model(), 2, 1, 1, -Infinity),
    'a padding of ∞': pad(model(), 2, 1, 1, Infinity),
  };
  it('is equal for equal graphs, however often built', () => {
    expect(hashGraph([model()])).toBe(hashGraph([model()]));
    expect(hashGraph([model()])).toMatch(/^[0-9a-f]{64}$/);
  });
  it('differs with every difference', () => {
    const hashes = [hashGraph([model()]), ...Object.values(other).map((node) => hashGraph([node]))];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashGraph([constant([0, 1])])).not.toBe(hashGraph([constant([0, 1 + 2 ** -52])]));
    const [a, b] = [input('a', []), input('b', [])];
    expect(hashGraph([add(a, b), add(b, a)])).not.toBe(hashGraph([add(b, a), add(a, b)]));
  });
  it('tells a shared node from two equal ones', () => {
    const x = square(input('x', [2]));
    expect(hashGraph([add(x, x)])).not.toBe(hashGraph([add(x, square(input('x', [2])))]));
  });
  it('is the same in another process', () => {
    const script = `import { hashGraph, input, softmax, mul } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}; console.log(hashGraph([mul(softmax(input('x', ['batch', 3])), 0.1)]));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' });
    expect(stdout.trim()).toBe(hashGraph([mul(softmax(input('x', ['batch', 3])), 0.1)]));
  });
});

describe('edit', () => {
  it('returns the very same roots where nothing matches, and shares what it does not touch', () => {
    const root = model();
    expect(edit([root], (node) => node)[0]).toBe(root);
    const [changed] = edit([root], (node) => (node.site === 'out' ? mul(node, 2) : node));
    expect(changed!.inputs[0]).toBe(root);
  });
  it('rebuilds what lies downstream, deep chains included', () => {
    let x: Node = input('x', [1]);
    for (let i = 0; i < 20_000; i++) x = add(x, 1);
    const [changed] = edit([x], (node) => (node.op.name === 'input' ? square(node) : node));
    expect(evaluate([changed!], new Map([['x', tensor([1], [3])]]))[0]!.data[0]).toBe(20_009);
    expect(evaluate(gradients(sum(x, 0), [x]), new Map())[0]!.data[0]).toBe(1);
  });
});

describe('verify', () => {
  it('passes what the builders make', () => {
    expect(() => verify([model()])).not.toThrow();
  });
  it('refuses a node whose type is not what its inputs give', () => {
    expect(() => verify([{ ...model(), shape: ['batch', 8] }])).toThrow(
      /internal: verify: add @out: expected \[batch, seq, 8\] float32 from its inputs, got \[batch, 8\] float32/,
    );
  });
  it('refuses two nodes at one site', () => {
    expect(() => verify([model(), model()])).toThrow(/expected one node at site embeddings/);
  });
  it('refuses one name with two meanings', () => {
    expect(() => verify([input('x', [2]), input('x', [3])])).toThrow(/expected one meaning for x/);
    expect(() => verify([input('x', [2]), parameter('x', [2])])).toThrow(ShapeError);
  });
  it('finds inputs and parameters by walking', () => {
    const { inputs, parameters } = leavesOf([model()]);
    expect([[...inputs.keys()], [...parameters.keys()]]).toEqual([['ids'], ['word', 'up']]);
  });
});

describe('evaluate', () => {
  const x = input('x', ['batch', 3]);
  const y = input('y', ['batch']);
  it('lets a value stand for any node', () => {
    const inner = square(x);
    expect(evaluate([sum(inner, [0, 1])], new Map([[inner, tensor([1, 3], [1, 1, 1])]]))[0]!.data[0]).toBe(3);
  });
  it('says which input is missing or does not fit', () => {
    expect(() => evaluate([x], new Map(), new Map([['batch', 1]]))).toThrow(/input x: expected a value, got none/);
    expect(() => evaluate([x], new Map([['x', tensor([2, 4], new Float64Array(8))]]))).toThrow(
      /input x: expected 3 = 3 on axis 1 of \[batch, 3\] float32, got \[2, 4\]/,
    );
    expect(() => evaluate([x], new Map([['x', tensor([3], [1, 2, 3])]]))).toThrow(/give 2 axes/);
    expect(() =>
      evaluate(
        [x, y],
        new Map([
          ['x', tensor([2, 3], new Float64Array(6))],
          ['y', tensor([3], [1, 2, 3])],
        ]),
      ),
    ).toThrow(/inputs that share an axis name must agree/);
    expect(() => evaluate([x], new Map([['x', tensor([2, 3], [1])]]))).toThrow(/expected 6 elements/);
  });
});

describe('builders refuse', () => {
  const x = input('x', ['batch', 3]);
  const i = input('i', ['batch'], 'int64');
  const refused: [string, () => unknown, RegExp][] = [
    ['shapes that do not broadcast', () => add(x, input('z', [4])), /add: expected shapes that broadcast, got \[batch, 3\] and \[4\]; 3 and 4/],
    ['dtypes that differ', () => add(x, input('z', [3], 'float64')), /add: expected equal dtypes, got \[batch, 3\] float32 and \[3\] float64/],
    [
      'inner axes that differ',
      () => matmul(x, input('z', [4, 3])),
      /matmul: expected equal inner axes, got \[batch, 3\] float32 · \[4, 3\] float32; transpose/,
    ],
    ['a vector in a product', () => matmul(x, input('z', [3])), /matmul: expected at least two axes/],
    ['integers in a product', () => matmul(input('a', [2, 2], 'int64'), input('b', [2, 2], 'int64')), /matmul: expected floats/],
    ['a reshape of another size', () => reshape(x, [3, 'seq']), /reshape: expected as many elements, got \[batch, 3\] float32 to \[3, seq\]/],
    ['a permutation that is none', () => transpose(x, [0, 0]), /transpose: expected a permutation/],
    ['a slice beyond the end', () => slice(x, 1, 1, 4), /slice: expected 0 ≤ start ≤ end ≤ 3/],
    ['a slice that ends before it starts', () => slice(x, 0, 'batch', 0), /slice: expected 0 ≤ start ≤ end ≤ batch/],
    ['a negative pad', () => pad(x, 0, -1, 0), /pad: expected lengths/],
    ['parts that do not add up', () => split(x, 1, [1, 1]), /split: expected sizes that add up to 3/],
    ['parts that do not fit', () => concat([x, input('z', ['batch', 3, 1])], 0), /concat: expected shapes that differ in axis 0 only/],
    ['nothing to join', () => concat([], 0), /concat: expected at least one node/],
    ['float indices', () => gather(x, x), /gather: expected int64 or int32 indices/],
    ['an axis that is not there', () => sum(x, 2), /sum: expected an axis in \[-2, 2\), got 2/],
    ['an axis named twice', () => sum(x, [0, -2]), /sum: expected different axes/],
    ['a condition that is none', () => where(x, x, 0), /where: expected a bool condition/],
    ['not of a float', () => logicalNot(x), /logicalNot: expected bool/],
    ['a quotient of integers', () => div(i, i), /div: expected a float, got \[batch\] int64/],
    ['softmax of integers', () => softmax(i), /softmax: expected a float, got \[batch\] int64/],
    ['more than there is', () => topK(x, 4), /topK: expected at least 4 elements/],
    ['an expansion that shrinks', () => expand(x, ['batch', 1]), /expand: expected a shape that \[batch, 3\] float32 broadcasts to, got \[batch, 1\]/],
    ['weights of another width', () => layerNorm(x, parameter('w', [4]), parameter('b', [3]), 1e-5), /layerNorm: expected weight and bias of the last axis/],
    ['a constant that is too long', () => constant([1, 2], [3]), /constant: expected 3 values/],
    ['an input without a name', () => input('', [1]), /input: expected a name/],
  ];
  it.each(refused)('%s', (_, build, message) => {
    expect(build).toThrow(ShapeError);
    expect(build).toThrow(message);
  });
});
