import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { gradients, inOrder, input, isFloat, mul, sum } from '../src/core/index.ts';
import { inputsOf, type OpCase, opCases } from '../src/core/testing/op-cases.ts';
import { nnOpCases } from '../src/nn/testing/op-cases.ts';

const defined = vi.hoisted(() => new Set<string>());
vi.mock('../src/core/node.ts', async (original) => {
  const real = await original<typeof import('../src/core/node.ts')>();
  const defineOp: typeof real.defineOp = (op) => {
    defined.add(op.name);
    return real.defineOp(op);
  };
  return { ...real, defineOp };
});

/** Names of the ops in a case and its gradients. */
const reachedBy = (row: OpCase): string[] => {
  const inputs = inputsOf(row);
  const y = row.build(...inputs);
  const floats = inputs.filter((node) => isFloat(node.dtype));
  const everyAxis = y.shape.map((_, i) => i);
  const slopes = row.smooth || row.standsFor ? gradients(sum(mul(y, input('weights', y.shape)), everyAxis), floats) : [];
  return inOrder([y, ...slopes]).map(({ op }) => op.name);
};

it('every op that any room defines is in a row of a table of ops, itself or in a gradient', async () => {
  const source = new URL('../src/', import.meta.url).pathname;
  const files = (readdirSync(source, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const definers = files.filter((file) => /\bdefineOp\b/.test(readFileSync(join(source, file), 'utf8')));
  expect(definers.length).toBeGreaterThan(18);
  for (const file of definers) await import(join(source, file));
  expect(defined.size).toBeGreaterThan(75);
  expect([...defined]).toEqual(expect.arrayContaining(['matmul', 'groupedAttention', 'nBitsProduct', 'int8Linear']));
  const reached = new Set([...opCases, ...nnOpCases].flatMap(reachedBy));
  // It has no value of its own: the runtime declares it.
  expect([...defined].filter((name) => !reached.has(name)).sort()).toEqual(['parameter']);
});
