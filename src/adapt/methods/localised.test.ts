import { describe, expect, it } from 'vitest';
import { inOrder, type Node, nameOf, print } from '../../core/index.ts';
import { causalMember } from '../../models/index.ts';
import { causalInputs } from '../../nn/index.ts';
import { full, lora, loramoe } from './index.ts';
import { localised } from './localised.ts';

const member = causalMember({
  model_type: 'llama',
  vocab_size: 17,
  hidden_size: 8,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 12,
  hidden_act: 'silu',
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
});
const { hidden } = member.build(causalInputs(member.config));
const sites = (roots: readonly Node[]): string[] => inOrder(roots).flatMap(({ site }) => (site === undefined ? [] : [site]));
const names = (parameters: readonly Node[]): string[] => parameters.map(nameOf);

describe('localised', () => {
  it('adds nothing outside its blocks, and leaves every site its name', () => {
    const adapted = localised(lora({ rank: 2, targets: ['mlp.up'] }), { blocks: [1] }).apply([hidden]);
    expect(names(adapted.parameters).sort()).toEqual(
      names(lora({ rank: 2, targets: ['mlp.up'] }).apply([hidden]).parameters)
        .filter((name) => name.startsWith('blocks.1.'))
        .sort(),
    );
    expect(
      sites(adapted.roots)
        .filter((site) => !site.endsWith('.base'))
        .sort(),
    ).toEqual(sites([hidden]).sort());
    expect(sites(adapted.roots).filter((site) => site.endsWith('.base'))).toEqual(['blocks.1.mlp.up.base']);
  });

  it('leaves what comes before its blocks the very same nodes', () => {
    const { roots } = localised(lora({ rank: 2 }), { blocks: [2] }).apply([hidden]);
    const at = (list: readonly Node[], site: string) => inOrder(list).find((node) => node.site === site);
    expect(at(roots, 'blocks.1.resid.post')).toBe(at([hidden], 'blocks.1.resid.post'));
    expect(at(roots, 'blocks.2.resid.post')).not.toBe(at([hidden], 'blocks.2.resid.post'));
  });

  it('to all blocks is the method itself', () => {
    const method = lora({ rank: 2 });
    expect(print(localised(method, { blocks: [0, 1, 2] }).apply([hidden]).roots)).toBe(print(method.apply([hidden]).roots));
  });

  it('keeps the shares of experts nodes of the graph', () => {
    const { roots, shares } = localised(loramoe({ experts: 2, rank: 2, targets: ['mlp.down'] }), { blocks: [0] }).apply([hidden]);
    expect([...shares.keys()]).toEqual(['blocks.0.mlp.down']);
    expect(inOrder(roots)).toContain([...shares.values()][0]);
  });

  it('trains of a full update what matches, and touches the graph nowhere', () => {
    const adapted = localised(full({ parts: ['attn', 'mlp'] }), { blocks: [0, 2], parameters: '\\.mlp\\.(up|down)\\.weight$' }).apply([hidden]);
    expect(names(adapted.parameters).sort()).toEqual([
      'blocks.0.mlp.down.weight',
      'blocks.0.mlp.up.weight',
      'blocks.2.mlp.down.weight',
      'blocks.2.mlp.up.weight',
    ]);
    expect(print(adapted.roots)).toBe(print([hidden]));
  });

  it('merges inside its blocks only', () => {
    const method = localised(full(), { blocks: [0] });
    const [weight, other] = [Float32Array.of(1), Float32Array.of(2)];
    const own = new Map(['blocks.0.mlp.up.weight', 'blocks.1.mlp.up.weight'].map((name) => [name, other]));
    expect([0, 1].map((block) => method.merge!(`blocks.${block}.mlp.up`, weight, own))).toEqual([other, weight]);
  });

  it('refuses what would train nothing, or half of what it adds', () => {
    expect(() => localised(lora({ rank: 2 }), { blocks: [7] }).apply([hidden])).toThrow(/expected linears at sites/);
    expect(() => localised(full(), { parameters: 'nothing' }).apply([hidden])).toThrow(/got none that match/);
    expect(() => localised(lora({ rank: 2 }), { parameters: '\\.b$' }).apply([hidden])).toThrow(/choose by blocks, or by its targets/);
    expect(() => localised(full(), {})).toThrow(/expected blocks, parameters or both/);
    expect(() => localised(full(), { parameters: '(' })).toThrow(/expected a regular expression/);
  });
});
