import { describe, expect, it } from 'vitest';
import { elements, gradients, inOrder, isParameter, type Node, nameOf } from '../core/index.ts';
import { type CausalSource, causalMember } from '../models/index.ts';
import { causalFixture } from '../models/testing/causal-fixture.ts';
import { causalInputs } from '../nn/index.ts';
import { recipeOf } from './recipe.ts';
import { tinyBase } from './testing/tiny-base.ts';
import { trainingGraph } from './training-graph.ts';

const { json } = await causalFixture('llama');

/** What the backward pass alone computes for an adapter on some blocks of a model of so many. */
const backward = async (layers: number, blocks: readonly number[]): Promise<{ readonly nodes: readonly Node[]; readonly read: readonly string[] }> => {
  const member = causalMember({ ...json, num_hidden_layers: layers }, 'llama');
  const { parameters } = member.build(causalInputs(member.config));
  const sizes = new Map(parameters.map((node) => [nameOf(node), elements(node.shape as number[])]));
  const base = await tinyBase({ member, parameters, values: async (name: string) => new Float32Array(sizes.get(name)!) } as unknown as CausalSource);
  const { method } = recipeOf({ method: 'lora', against: { localised: { blocks: [...blocks] } } }, { exactBytes: false, model: member.config });
  const graph = await trainingGraph(base, { method, weights: 'f32' });
  const { loss } = graph.objective;
  const forward = new Set(inOrder([loss]));
  const nodes = inOrder(gradients(loss, graph.parameters)).filter((node) => !forward.has(node));
  /** Weights that stand behind a node and nothing else, as the transpose of one does. */
  const weightsOf = (node: Node): readonly string[] => {
    const leaves = inOrder([node]).filter(({ inputs }) => inputs.length === 0);
    return leaves.some((leaf) => leaf.op.name === 'input') ? [] : leaves.filter(isParameter).map(nameOf);
  };
  return { nodes, read: [...new Set(nodes.flatMap(({ inputs }) => inputs.flatMap(weightsOf)))] };
};

describe('the backward pass', () => {
  it('reads no weight below the first adapter', async () => {
    const [last, both] = [await backward(2, [1]), await backward(2, [0, 1])];
    const frozen = (read: readonly string[], block: number) => read.filter((name) => name.startsWith(`blocks.${block}.`) && !name.includes('.lora.'));
    expect(frozen(last.read, 0)).toEqual([]);
    expect(frozen(last.read, 1)).not.toEqual([]);
    expect(frozen(both.read, 0)).not.toEqual([]);
    expect(both.nodes.length).toBeGreaterThan(last.nodes.length);
  }, 60_000);

  it('is as long for an adapter in the last block, however many blocks there are below', async () => {
    const [two, five, lower] = [await backward(2, [1]), await backward(5, [4]), await backward(5, [3, 4])];
    expect(five.nodes.length).toBe(two.nodes.length);
    expect(lower.nodes.length).toBeGreaterThan(five.nodes.length);
  }, 60_000);
});
