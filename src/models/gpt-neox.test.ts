import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/index.ts';
import { gptNeoxConfig } from './index.ts';
import { causalSuite } from './testing/causal-suite.ts';

const sites = (mid: string) =>
  `attn.in attn.q attn.qTurned attn.k attn.kTurned attn.scores attn.pattern attn.v attn.z attn.out ${mid}mlp.in mlp.up mlp.act mlp.down resid.post`.split(' ');
causalSuite('gpt-neox', sites(''));
causalSuite('gpt-neox-sequential', sites('resid.mid '));

// As published.
const pythia = {
  architectures: ['GPTNeoXForCausalLM'],
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: 'gelu',
  hidden_size: 512,
  initializer_range: 0.02,
  intermediate_size: 2048,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 2048,
  model_type: 'gpt_neox',
  num_attention_heads: 8,
  num_hidden_layers: 6,
  rotary_emb_base: 10_000,
  rotary_pct: 0.25,
  tie_word_embeddings: false,
  torch_dtype: 'float16',
  transformers_version: '4.24.0',
  use_cache: true,
  use_parallel_residual: true,
  vocab_size: 50_304,
};

describe('gptNeoxConfig', () => {
  it('reads the published config, and as it is written now', () => {
    const expected = {
      vocab: 50_304,
      hidden: 512,
      layers: 6,
      heads: 8,
      kvHeads: 8,
      headDim: 64,
      positions: 2048,
      tied: false,
      ffn: 2048,
      activation: 'gelu',
      epsilon: 1e-5,
      ropeBase: 10_000,
      ropeScaling: undefined,
      ropeDims: 16,
      parallel: true,
      attentionBias: true,
    };
    expect(gptNeoxConfig(pythia)).toEqual(expected);
    const { rotary_emb_base, rotary_pct, ...rest } = pythia;
    expect(gptNeoxConfig({ ...rest, rope_parameters: { rope_type: 'default', rope_theta: 10_000, partial_rotary_factor: 0.25 } })).toEqual(expected);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ rotary_pct: 0.05 }, /even number of dims that turn, got 3 of 64/],
    [{ rotary_pct: 2 }, /rotary_pct/],
    [{ rope_scaling: { type: 'dynamic', factor: 2 } }, /rope_scaling/],
    [{ rope_theta: 7 }, /one base of rotary embeddings, got 10000 and 7/],
    [{ rope_parameters: { partial_rotary_factor: 0.5 } }, /one share of rotary embeddings, got 0.25 and 0.5/],
    [{ num_attention_heads: 6 }, /heads/],
    [{ use_parallel_residual: 1 }, /use_parallel_residual/],
    [{ num_key_value_heads: 2 }, /num_key_value_heads/],
  ])('refuses %j', (change, message) => {
    expect(() => gptNeoxConfig({ ...pythia, ...change })).toThrow(ConfigError);
    expect(() => gptNeoxConfig({ ...pythia, ...change })).toThrow(message);
  });
});
