import { describe, expect, it } from 'vitest';
import { ConfigError, evaluate, nameOf, type Tensor, tensor } from '../core/index.ts';
import { causalInputs } from '../nn/index.ts';
import { causalMemberFromGguf, gemma3, gemma3Config, gemma3ConfigFromGguf, gemma3GgufNames } from './index.ts';
import { causalFixture, relativeDifference } from './testing/causal-fixture.ts';
import { causalSuite } from './testing/causal-suite.ts';

const sites =
  'attn.in attn.q attn.qTurned attn.k attn.kTurned attn.scores attn.pattern attn.v attn.z attn.out attn.add resid.mid mlp.in mlp.gate mlp.up mlp.act mlp.down mlp.add resid.post';
causalSuite('gemma3', sites.split(' '));

// As published.
const gemma1b = {
  architectures: ['Gemma3ForCausalLM'],
  attention_bias: false,
  attention_dropout: 0,
  attn_logit_softcapping: null,
  bos_token_id: 2,
  cache_implementation: 'hybrid',
  eos_token_id: [1, 106],
  final_logit_softcapping: null,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_size: 1152,
  initializer_range: 0.02,
  intermediate_size: 6912,
  max_position_embeddings: 32_768,
  model_type: 'gemma3_text',
  num_attention_heads: 4,
  num_hidden_layers: 26,
  num_key_value_heads: 1,
  pad_token_id: 0,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_local_base_freq: 10_000,
  rope_scaling: null,
  rope_theta: 1_000_000,
  sliding_window: 512,
  sliding_window_pattern: 6,
  torch_dtype: 'bfloat16',
  transformers_version: '4.50.0.dev0',
  use_cache: true,
  vocab_size: 262_144,
};
const expected = {
  vocab: 262_144,
  hidden: 1152,
  layers: 26,
  heads: 4,
  kvHeads: 1,
  headDim: 256,
  positions: 32_768,
  tied: true,
  ffn: 6912,
  activation: 'geluTanh',
  epsilon: 1e-6,
  scale: 1 / 16,
  ropeGlobal: { base: 1_000_000, scaling: undefined },
  ropeLocal: { base: 10_000, scaling: undefined },
  window: 512,
  global: Array.from({ length: 26 }, (_, layer) => [5, 11, 17, 23].includes(layer)),
  normOffset: 1,
};

describe('gemma3Config', () => {
  it('reads the published config, and as it is written now', () => {
    expect(gemma3Config(gemma1b)).toEqual(expected);
    const { rope_theta, rope_scaling, rope_local_base_freq, sliding_window_pattern, ...rest } = gemma1b;
    const now = {
      ...rest,
      _sliding_window_pattern: 6,
      layer_types: expected.global.map((all) => (all ? 'full_attention' : 'sliding_attention')),
      rope_parameters: { full_attention: { rope_theta: 1_000_000, rope_type: 'default' }, sliding_attention: { rope_theta: 10_000, rope_type: 'default' } },
      use_bidirectional_attention: false,
    };
    expect(gemma3Config(now)).toEqual(expected);
    expect(gemma3Config({ ...gemma1b, rope_scaling: { factor: 8, rope_type: 'linear' } })).toMatchObject({
      ropeGlobal: { scaling: { kind: 'linear', factor: 8 } },
      ropeLocal: { scaling: undefined },
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ final_logit_softcapping: 30 }, /final_logit_softcapping/],
    [{ attn_logit_softcapping: 50 }, /attn_logit_softcapping/],
    [{ use_bidirectional_attention: true }, /use_bidirectional_attention/],
    [{ layer_types: ['full_attention'] }, /each of 26 layers, got 1/],
    [{ layer_types: ['chunked_attention'] }, /layer_types/],
    [{ rope_parameters: { full_attention: {}, sliding_attention: {} } }, /rope_parameters alone/],
    [{ rope_scaling: { rope_type: 'yarn', factor: 8 } }, /rope_scaling/],
    [{ query_pre_attn_scalar: 0 }, /query_pre_attn_scalar/],
    [{ sliding_window: undefined }, /sliding_window/],
    [{ model_type: 'gemma3' }, /expected model_type "gemma3_text", got "gemma3"/],
    [{ num_key_value_heads: 3 }, /heads of keys/],
  ])('refuses %j', (change, message) => {
    expect(() => gemma3Config({ ...gemma1b, ...change })).toThrow(ConfigError);
    expect(() => gemma3Config({ ...gemma1b, ...change })).toThrow(message);
  });
});

describe('gemma3ConfigFromGguf', () => {
  const metadata = new Map<string, unknown>([
    ['general.architecture', 'gemma3'],
    ['gemma3.context_length', 32_768],
    ['gemma3.embedding_length', 1152],
    ['gemma3.block_count', 26],
    ['gemma3.feed_forward_length', 6912],
    ['gemma3.attention.head_count', 4],
    ['gemma3.attention.head_count_kv', 1],
    ['gemma3.attention.layer_norm_rms_epsilon', 1e-6],
    ['gemma3.attention.key_length', 256],
    ['gemma3.attention.value_length', 256],
    ['gemma3.attention.sliding_window', 512],
    ['gemma3.rope.freq_base', 1_000_000],
    ['tokenizer.ggml.tokens', Array.from({ length: 262_144 }, String)],
  ]);
  const tensors = new Set(['token_embd.weight']);

  it('says what the config of the same model says, but for norms that have their 1 already', () => {
    expect(gemma3ConfigFromGguf(metadata, tensors)).toEqual({ ...expected, normOffset: 0 });
    const { build, config, weightNames } = causalMemberFromGguf(metadata, tensors);
    const names = build(causalInputs(config)).parameters.map((node) => weightNames.get(nameOf(node))?.[0]);
    expect(new Set(names).size).toBe(2 + 26 * 13);
    expect(names).toContain('blk.25.post_ffw_norm.weight');
    expect(names).toContain('blk.0.attn_q_norm.weight');
    const listed = new Map(metadata).set(
      'gemma3.attention.sliding_window_pattern',
      expected.global.map((all) => !all),
    );
    expect(gemma3ConfigFromGguf(listed, tensors).global).toEqual(expected.global);
    expect(gemma3ConfigFromGguf(new Map(metadata).set('gemma3.rope.freq_base_swa', 77), tensors).ropeLocal.base).toBe(77);
  });

  it('builds the same model from weights that have their 1 already', async () => {
    const { json, weights, ids, mask, positions } = await causalFixture('gemma3');
    const config = gemma3Config(json);
    const inputs = causalInputs(config);
    const given = new Map<string, Tensor>([...weights, ['ids', ids], ['mask', mask], ['positions', positions]]);
    const raised = new Map(
      [...given].map(([name, { shape, data }]): [string, Tensor] => [
        name,
        isNorm(name)
          ? tensor(
              shape,
              data.map((v) => v + 1),
            )
          : { shape, data },
      ]),
    );
    const [plain] = evaluate([gemma3(config, inputs).logits], given);
    const [other] = evaluate([gemma3({ ...config, normOffset: 0 }, inputs).logits], raised);
    expect(relativeDifference(other!, plain!)).toBeLessThan(1e-13);
    expect([...gemma3GgufNames(config).keys()].filter(isNorm).length).toBeGreaterThan(0);
  });

  it.each<[string, unknown, RegExp]>([
    ['gemma3.attention.key_length', undefined, /attention.key_length/],
    ['gemma3.attention.value_length', 128, /value_length to be 256/],
    ['gemma3.final_logit_softcapping', 30, /final_logit_softcapping/],
    ['gemma3.attention.sliding_window_pattern', [true], /each of 26 layers, got 1/],
    ['gemma3.rope.scaling.type', 'yarn', /rope.scaling.type/],
    ['tokenizer.ggml.tokens', undefined, /tokenizer.ggml.tokens/],
  ])('refuses %s = %j', (key, value, message) => {
    expect(() => gemma3ConfigFromGguf(new Map(metadata).set(key, value), tensors)).toThrow(ConfigError);
    expect(() => gemma3ConfigFromGguf(new Map(metadata).set(key, value), tensors)).toThrow(message);
  });
});

const isNorm = (name: string): boolean => /(norm\d?|Norm|final)\.weight$/.test(name);
