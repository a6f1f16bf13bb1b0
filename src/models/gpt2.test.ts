import { describe, expect, it } from 'vitest';
import { ConfigError, FormatError, inOrder, isParameter, nameOf, UnsupportedError } from '../core/index.ts';
import { openSafetensors } from '../formats/index.ts';
import { linearOf } from '../nn/edits/linear-of.ts';
import { causalInputs } from '../nn/index.ts';
import { frozenWeights, gpt2, gpt2Arranged, gpt2Config, gpt2WeightNames, locateWeights } from './index.ts';
import { causalSuite } from './testing/causal-suite.ts';

const sites = 'attn.in attn.q attn.k attn.scores attn.pattern attn.v attn.z attn.out resid.mid mlp.in mlp.up mlp.act mlp.down resid.post';
causalSuite('gpt2', sites.split(' '));

// As published.
const published = {
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  attn_pdrop: 0.1,
  bos_token_id: 50_256,
  embd_pdrop: 0.1,
  eos_token_id: 50_256,
  initializer_range: 0.02,
  layer_norm_epsilon: 1e-5,
  model_type: 'gpt2',
  n_ctx: 1024,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1024,
  resid_pdrop: 0.1,
  summary_activation: null,
  summary_first_dropout: 0.1,
  summary_proj_to_labels: true,
  summary_type: 'cls_index',
  summary_use_proj: true,
  task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
  vocab_size: 50_257,
};

describe('gpt2Config', () => {
  it('reads the published config', () => {
    expect(gpt2Config(published)).toEqual({
      vocab: 50_257,
      hidden: 768,
      layers: 12,
      heads: 12,
      kvHeads: 12,
      headDim: 64,
      positions: 1024,
      tied: true,
      ffn: 3072,
      activation: 'geluTanh',
      epsilon: 1e-5,
    });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx/],
    [{ scale_attn_weights: false }, /scale_attn_weights/],
    [{ add_cross_attention: true }, /add_cross_attention/],
    [{ n_head: 7 }, /7 heads/],
    [{ n_layer: 0 }, /n_layer/],
    [{ activation_function: 'quick_gelu' }, /activation_function/],
    [{ rope_theta: 1 }, /rope_theta/],
    [{ model_type: 'gpt_bigcode' }, /expected model_type "gpt2"/],
  ])('refuses %j', (change, message) => {
    expect(() => gpt2Config({ ...published, ...change })).toThrow(ConfigError);
    expect(() => gpt2Config({ ...published, ...change })).toThrow(message);
  });
});

it('has linears that edits find, whatever the file has; a file of turned weights is not mapped', async () => {
  const file = await openSafetensors(new URL('fixtures/gpt2-tiny.safetensors', import.meta.url).pathname);
  const config = gpt2Config(JSON.parse(file.metadata['config']!));
  const { logits, parameters } = gpt2(config, causalInputs(config));
  const linears = inOrder([logits]).filter((node) => node.site && linearOf(node));
  expect(linears.map(({ site }) => site)).toEqual(
    [0, 1]
      .flatMap((n) => ['q', 'k', 'v', 'out'].map((part) => `blocks.${n}.attn.${part}`).concat([`blocks.${n}.mlp.up`, `blocks.${n}.mlp.down`]))
      .concat('logits'),
  );
  expect(parameters.every(isParameter)).toBe(true);
  const [names, arranged] = [gpt2WeightNames(config), gpt2Arranged(config)];
  expect(parameters.map(nameOf).filter((name) => !names.has(name))).toEqual([]);
  expect(() => frozenWeights(file, names, parameters, arranged)).toThrow(UnsupportedError);
  expect(() => locateWeights(file, names, parameters)).toThrow(FormatError);
});
