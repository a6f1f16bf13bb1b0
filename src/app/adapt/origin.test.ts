import { expect, it } from 'vitest';
import { fisherEntries, fisherMasked, localised, lora, loramoe } from '../../adapt/index.ts';
import { entriesFrom, startsFrom } from './origin.ts';

const run = (method: Parameters<typeof startsFrom>[1]) => ({ path: 'runs/first', method });

it('a run starts from one that trains the same parameters in the same way, whatever is dropped in training', () => {
  startsFrom(run(lora({ rank: 4, dropout: 0.1 })), lora({ rank: 4 }));
  startsFrom(run(localised(lora({ dropout: 0.1 }), { blocks: [1] })), localised(lora(), { blocks: [1] }));
  for (const [had, now, said] of [
    [lora({ rank: 4 }), lora({ rank: 8 }), 'runs/first: expected a run with rank 8 to start from, got one with rank 4; '],
    [lora({ alpha: 4 }), lora({ alpha: 8 }), 'expected a run with alpha 8 to start from, got one with alpha 4; '],
    [localised(lora(), { blocks: [0] }), localised(lora(), { blocks: [1] }), 'expected a run with blocks [1] to start from, got one with blocks [0]; '],
    [localised(loramoe(), { blocks: [0] }), loramoe(), 'expected a run with blocks none to start from, got one with blocks [0]; '],
  ] as const)
    expect(() => startsFrom(run(had), now)).toThrow(said);
});

it('chosen entries of weights are those of the run before', () => {
  const entries = fisherEntries(new Map([['blocks.0.mlp.up.weight', Float32Array.of(0, 3, 1, 2)]]), 0.5);
  expect(entriesFrom(run(fisherMasked({ entries })))).toEqual(entries);
  expect(entriesFrom(run(localised(fisherMasked({ entries }), { blocks: [0] })))).toEqual(entries);
  expect(() => entriesFrom(run(fisherMasked({ entries })), { share: 0.1 })).toThrow(
    /expected no options beside a run to start from, .+ got share; leave them out/,
  );
  expect(() => entriesFrom(run(lora()))).toThrow(/expected a run with method fisher-masked to start from, got one with method lora/);
});
