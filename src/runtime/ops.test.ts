// Another implementation: onnxruntime against the reference evaluator, op by op, results and gradients.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Dtype, input } from '../core/index.ts';
import type { OpCase } from '../core/testing/op-cases.ts';
import { type Engine, openEngine, tensorOf } from './index.ts';
import { everyCase, opOf } from './testing/device-table.ts';
import { caseProgram, distance } from './testing/op-program.ts';

const TOLERANCE = 1e-4;

async function compare(engine: Engine, row: OpCase): Promise<void> {
  const { program, expected, feed } = caseProgram(row);
  await using executable = await engine.compile(program, new Map());
  const got = await executable.run(feed(executable.inputs));
  for (const [name, value] of expected) expect(distance(got[name]!, value), name).toBeLessThan(TOLERANCE);
}

describe('onnxruntime gives what the reference evaluator gives', () => {
  it.each(everyCase.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    await using engine = await openEngine({ threads: 1 });
    await compare(engine, row);
  });
});

describe('dtypes cross the border unchanged', () => {
  it.each(['float32', 'float64', 'float16', 'int64', 'int32', 'uint32', 'int8', 'uint8', 'bool'] as const)('%s', async (dtype: Dtype) => {
    await using engine = await openEngine({ threads: 1 });
    await using program = await engine.compile({ name: dtype, outputs: { y: input('x', ['n'], dtype) } }, new Map());
    const x = tensorOf(dtype, [3], [0, 1, 1]);
    expect((await program.run({ x })).y).toEqual(x);
  });
});

it('docs/devices.md has a row for every op; scripts/make-device-table.ts writes it', () => {
  const rows = [...readFileSync(new URL('../../docs/devices.md', import.meta.url), 'utf8').matchAll(/^\| (\w+) \| (?:native|partly|rewritten|CPU)/gm)].map(
    (row) => row[1],
  );
  expect(rows).toEqual([...new Set(everyCase.map(opOf))]);
});
