import { describe, expect, it } from 'vitest';
import { elements, gradients, inOrder, isParameter, type Node, nameOf, plan } from '../core/index.ts';
import { type CausalSource, causalMember } from '../models/index.ts';
import { causalFixture } from '../models/testing/causal-fixture.ts';
import { causalInputs } from '../nn/index.ts';
import { adamwOutputs, defaultAdamW } from '../train/index.ts';
import type { BaseModel } from './base-model.ts';
import { recipeOf } from './recipe.ts';
import { tinyBase } from './testing/tiny-base.ts';
import { stepLengths, trainingGraph } from './training-graph.ts';

const { json } = await causalFixture('llama');

/** What the backward pass alone computes for an adapter on some blocks of a model of so many. */
const backward = async (layers: number, blocks: readonly number[]): Promise<{ readonly nodes: readonly Node[]; readonly read: readonly string[] }> => {
  const { base, config } = await zeros(layers);
  const { method } = recipeOf({ method: 'lora', against: { localised: { blocks: [...blocks] } } }, { exactBytes: false, model: config });
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

/** A base model of so many blocks, all weights zero. */
const zeros = async (layers: number): Promise<{ readonly base: BaseModel; readonly config: CausalSource['member']['config'] }> => {
  const member = causalMember({ ...json, num_hidden_layers: layers }, 'llama');
  const { parameters } = member.build(causalInputs(member.config));
  const sizes = new Map(parameters.map((node) => [nameOf(node), elements(node.shape as number[])]));
  const base = await tinyBase({ member, parameters, values: async (name: string) => new Float32Array(sizes.get(name)!) } as unknown as CausalSource);
  return { base, config: member.config };
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

  it('is done with a block before it comes to the third one below, whatever waits for the norm of all gradients', async () => {
    const { base, config } = await zeros(8);
    // Of such ranks some parameters of a block are updated by themselves, and some with others, of all blocks more than are packed together.
    for (const [kind, options] of [
      ['lora', { rank: 800, targets: 'mlp' }],
      ['loramoe', { experts: 4, rank: 200 }],
    ] as const) {
      // biome-ignore format: a table
      const { method } = recipeOf({ method: kind, options }, { exactBytes: false, model: config });
      const { objective, parameters } = await trainingGraph(base, { method, weights: 'f32', recomputed: [0, 1] });
      const slopes = gradients(objective.loss, parameters);
      const named = new Map(parameters.map((node, i) => [nameOf(node), slopes[i]!]));
      const outputs = { loss: objective.loss, ...adamwOutputs([{ name: 'all', parameters, learningRate: 1, weightDecay: 0 }], named, defaultAdamW) };
      const { order } = plan({ outputs }, { lengths: stepLengths(4, 256) });
      const places = new Map(order.map((node, i) => [node, i]));
      const ofBlock = (block: number) => [...named].flatMap(([name, slope]) => (name.startsWith(`blocks.${block}.`) ? [places.get(slope)!] : []));
      // A pack holds parameters of two or three blocks.
      for (let block = 3; block < config.layers; block++)
        expect(Math.max(...ofBlock(block)), `${kind}, block ${block}`).toBeLessThan(Math.min(...ofBlock(block - 3)));
    }
  }, 60_000);
});
