// Which sites every family has: what inspection, adapters and guards address. A family that drops one fails here.
import { describe, expect, it } from 'vitest';
import { blockSite, blockSites, causalInputs, modelSites, sitesIn } from '../nn/index.ts';
import { causalFixture } from './testing/causal-fixture.ts';

const attention = ['attn.in', 'attn.q', 'attn.k', 'attn.v', 'attn.scores', 'attn.pattern', 'attn.z', 'attn.out'];
const feedForward = ['mlp.in', 'mlp.up', 'mlp.act', 'mlp.down', 'resid.post'];
const turned = ['attn.qTurned', 'attn.kTurned'];
const gated = ['mlp.gate'];
const sequential = ['resid.mid'];
const llama = [...attention, ...feedForward, ...turned, ...gated, ...sequential];

const required: Readonly<Record<string, readonly string[]>> = {
  llama,
  llama3: llama,
  mistral: llama,
  qwen2: llama,
  qwen3: llama,
  gpt2: [...attention, ...feedForward, ...sequential],
  'gpt-neox': [...attention, ...feedForward, ...turned], // attention and feed-forward part stand side by side
  'gpt-neox-sequential': [...attention, ...feedForward, ...turned, ...sequential],
  gemma3: [...llama, 'attn.add', 'mlp.add'],
};

describe.each(Object.entries(required))('%s', (name, sites) => {
  it('has every site of its list in every block, and no other of the vocabulary', async () => {
    const { member } = await causalFixture(name);
    const known = sitesIn([member.build(causalInputs(member.config)).logits]);
    for (const site of Object.keys(modelSites)) expect(known.has(site), site).toBe(true);
    for (let block = 0; block < member.config.layers; block++)
      expect((Object.keys(blockSites) as (keyof typeof blockSites)[]).filter((site) => known.has(blockSite(block, site))).sort()).toEqual([...sites].sort());
  });
});

it('the vocabulary has no site that no family has', () => {
  const had = new Set(Object.values(required).flat());
  expect(Object.keys(blockSites).filter((site) => !had.has(site))).toEqual([]);
});
