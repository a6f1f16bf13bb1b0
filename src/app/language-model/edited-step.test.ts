import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { add, constant, edit, input, mul, type Node, named, type Program, parameter } from '../../core/index.ts';
import { ownHome } from '../testing/own-home.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-language-model.ts';
import type { ModelEdit } from './edited-step.ts';
import { openLanguageModel } from './open-language-model.ts';
import { openLanguageModelApart } from './open-language-model-apart.ts';

const own = ownHome();
let folder: string;
beforeAll(async () => {
  folder = await writeTinyModel(join(own.path, 'tiny'));
});

const { hidden_size: hidden, num_attention_heads: heads } = tinyConfig;
const headDim = hidden / heads;
const site = 'blocks.1.attn.z';
/** The graph with what a site computes passed through something. */
const through = (graph: Program, change: (node: Node) => Node): Program => {
  const names = Object.keys(graph.outputs);
  const roots = edit(Object.values(graph.outputs), (node) => (node.site === site ? change(node) : node));
  return { ...graph, outputs: Object.fromEntries(names.map((name, i) => [name, roots[i]!])) };
};
const times = (factors: readonly number[]) => (graph: Program) =>
  through(graph, ({ site: _, ...node }) => named(site, mul(node, constant(factors, [factors.length]))));
const withoutHead = (head: number) => times(Array.from({ length: hidden }, (_, i) => (Math.floor(i / headDim) === head ? 0 : 1)));

const found = async (given: ModelEdit | undefined, weights: 'f32' | 'int8' = 'f32') => {
  await using model = await openLanguageModel(folder, { threads: 1, weights, ...(given && { edit: given }) });
  const [first, { tokenIds }] = [
    await model.logprobs('The capital', ' of Italy'),
    await model.generate({ prompt: 'abc', maxTokens: 20, temperature: 1, seed: 3 }),
  ];
  return { logprobs: first.tokenLogprobs, tokenIds };
};

describe('a model opened with an edit', () => {
  it.each(['f32', 'int8'] as const)('gives other answers without a head, and with %s the same whichever way it is taken away', async (weights) => {
    const plain = await found(undefined, weights);
    const without = await found(withoutHead(2), weights);
    expect(without.logprobs).not.toEqual(plain.logprobs);
    expect(without.tokenIds).not.toEqual(plain.tokenIds);
    expect(await found([{ site, action: 'zero', heads: [2] }], weights)).toEqual(without);
    expect(await found([{ site, action: 'zero', heads: [1] }], weights)).not.toEqual(without);
  });

  it('gives the same bits where nothing is changed', async () => {
    const plain = await found(undefined);
    for (const same of [(graph: Program) => graph, times(Array(hidden).fill(1)), [{ site, action: 'scale', factor: 1 } as const], []])
      expect(await found(same)).toEqual(plain);
  });

  it('has scores and patterns to edit, also in long prompts', async () => {
    const [prompt, scale] = ['A long text. '.repeat(8), { site: 'blocks.0.attn.scores', action: 'scale', factor: 3 } as const];
    await using plain = await openLanguageModel(folder, { threads: 1, weights: 'int8' });
    await using sharp = await openLanguageModel(folder, { threads: 1, weights: 'int8', edit: [scale] });
    const ask = { prompt, maxTokens: 12, temperature: 1, seed: 1 };
    expect((await sharp.generate(ask)).tokenIds).not.toEqual((await plain.generate(ask)).tokenIds);
    const [whole, part] = [await sharp.logprobs(prompt, 'B'), await sharp.scoreCompletions(prompt, ['B'])];
    expect(part[0]!.logprob).toBeCloseTo(whole.logprob, 4);
  });

  it.each<[string, ModelEdit, string]>([
    ['no graph', (() => undefined) as never, 'edit: expected a graph { name, outputs }, got undefined; return the graph that was given'],
    ['an output less', ({ outputs, ...graph }) => ({ ...graph, outputs: { logits: outputs['logits']! } }), "among the graph's outputs, got no added; leave"],
    [
      'an output more',
      ({ outputs, ...graph }) => ({ ...graph, outputs: { ...outputs, more: constant(1) } }),
      "edit: expected no more among the graph's outputs, got more []",
    ],
    [
      'an output of another shape',
      ({ outputs, ...graph }) => ({ ...graph, outputs: { ...outputs, logits: constant([1]) } }),
      'edit: expected logits [rows, 264] float32',
    ],
    [
      'an input more',
      (graph) => through(graph, (node) => add(node, input('push', [hidden]))),
      `expected no push among the graph's inputs, got push [${hidden}] float32; leave`,
    ],
    [
      'an input less',
      (graph) => ({ ...graph, outputs: { ...graph.outputs, added: input('added', graph.outputs['added']!.shape) } }),
      "among the graph's inputs",
    ],
    [
      'a weight more',
      (graph) => through(graph, (node) => mul(node, parameter('own', [hidden]))),
      `expected no own among the graph's weights, got own [${hidden}]`,
    ],
    ['a site that is not there', [{ site: 'blocks.9.attn.z', action: 'zero' }], 'blocks.9.attn.z'],
    [
      'some places of a text',
      [{ site, action: 'zero', positions: [-1] }],
      `edit: ${site}: expected what holds for every token, got positions; a text is computed part by part`,
    ],
  ])('is refused for %s', async (_, given, message) => {
    await expect(openLanguageModel(folder, { threads: 1, edit: given })).rejects.toThrow(message);
  });

  it('is opened in this process only', async () => {
    await expect(openLanguageModelApart(folder, { edit: [] } as never)).rejects.toThrow(
      /expected a model in a process of its own to have no edit, got one; open it in this process/,
    );
  });
});
