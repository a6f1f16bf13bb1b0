import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, gradients, inOrder, input, mul, type Node, nameOf, ShapeError, sum, type Tensor, tensor } from '../core/index.ts';
import { inTheory } from '../nn/edits/testing/tiny-bert.ts';
import { capture, causalInputs, lowRank, lowRankParameters, patch, quantise, recompute } from '../nn/index.ts';
import { arrange, causalMember, causalMemberFromGguf, causalTypes, type LlamaConfig, llama, llamaConfig, llamaConfigFromGguf } from './index.ts';
import { type CausalFixture, causalFixture, relativeDifference } from './testing/causal-fixture.ts';
import { causalSuite } from './testing/causal-suite.ts';

const sites =
  'attn.in attn.q attn.qTurned attn.k attn.kTurned attn.scores attn.pattern attn.v attn.z attn.out resid.mid mlp.in mlp.gate mlp.up mlp.act mlp.down resid.post';
for (const name of ['llama', 'llama3', 'mistral', 'qwen2', 'qwen3']) causalSuite(name, sites.split(' '));

let fixture: CausalFixture;
let config: LlamaConfig;
let values: ReadonlyMap<string, Tensor>;
beforeAll(async () => {
  fixture = await causalFixture('llama');
  config = llamaConfig(fixture.json);
  values = new Map([...fixture.weights, ['ids', fixture.ids], ['mask', fixture.mask], ['positions', fixture.positions]]);
});

describe('a llama', () => {
  it('with the rows of q and k in the other order, and turned in that form, is the same', () => {
    const { heads, kvHeads, headDim, hidden } = config;
    const other = new Map(values);
    for (const [name, { shape, data }] of values) {
      const count = /attn\.q\.weight/.test(name) ? heads : /attn\.k\.weight/.test(name) ? kvHeads : 0;
      if (count === 0) continue;
      const view = [count, 2, headDim / 2, hidden];
      other.set(name, tensor(shape, arrange(Float32Array.from(data), { stored: shape, view, order: [0, 2, 1, 3] })));
    }
    const inputs = causalInputs(config);
    const interleaved = inTheory({ logits: llama({ ...config, rope: 'interleaved' }, inputs).logits }, other)['logits']!;
    expect(relativeDifference(interleaved, inTheory({ logits: llama(config, inputs).logits }, values)['logits']!)).toBeLessThan(1e-12);
  });

  it('is edited as any model: a branch at zero, a patch with what was there, and recomputation change nothing', () => {
    const inputs = causalInputs(config);
    const { logits } = llama(config, inputs);
    const before = inTheory({ logits, mid: capture([logits], ['blocks.1.resid.pre'])['blocks.1.resid.pre']! }, values);
    const [adapted] = lowRank([logits], { targets: /attn\.|mlp\./, rank: 2, alpha: 4 });
    const branches = lowRankParameters([adapted!]);
    expect(branches).toHaveLength(2 * 7 * config.layers);
    const zeros = new Map([...values, ...branches.map((node): [string, Tensor] => [nameOf(node), full(node)])]);
    expect(inTheory({ logits: adapted! }, zeros)['logits']!.data).toEqual(before['logits']!.data);
    const patched = patch([logits], 'blocks.1.resid.pre');
    const { name } = patched.edits[0]!;
    const given = new Map(values).set(name, before['mid']!).set(`${name}.where`, tensor([2, 9, 1], Array(18).fill(1)));
    expect(inTheory({ logits: patched.roots[0]! }, given)['logits']!.data).toEqual(before['logits']!.data);
    const [again] = recompute([logits]);
    const table = (root: Node): Node => gradients(sum(mul(root, root), [0, 1, 2]), [named(root, 'embed.word.weight')])[0]!;
    expect(inTheory({ d: table(again!) }, values)['d']!.data).toEqual(inTheory({ d: table(logits) }, values)['d']!.data);
    const [light] = recompute([logits], { blocks: [], light: true });
    expect(new Set(inOrder([light!]).flatMap(({ op, recompute: label }) => (label ? [op.name] : [])))).toEqual(new Set(['rmsNorm', 'silu', 'mul']));
    expect(inTheory({ d: table(light!) }, values)['d']!.data).toEqual(inTheory({ d: table(logits) }, values)['d']!.data);
    expect(quantise([logits], { bits: 'int8' }).weights).toHaveLength(7 * config.layers + 1);
  });

  it.each<[Partial<Record<'ids' | 'positions' | 'mask' | 'rows', Node>>, RegExp]>([
    [
      { ids: input('ids', ['batch', 65], 'int64'), positions: input('positions', ['batch', 65], 'int64'), mask: input('mask', ['batch', 65], 'bool') },
      /at most 64 tokens, got 65/,
    ],
    [{ ids: input('ids', ['batch', 'seq'], 'int32') }, /expected ids int64/],
    [{ positions: input('positions', ['seq'], 'int64') }, /expected positions int64 \[batch, seq\], got int64 \[seq\]/],
    [{ mask: input('mask', ['batch', 'other'], 'bool') }, /expected mask bool/],
    [{ rows: input('rows', ['rows', 1], 'int64') }, /expected rows int64/],
  ])('refuses inputs that do not fit: %#', (change, message) => {
    const build = () => llama(config, { ...causalInputs(config), ...change });
    expect(build).toThrow(ShapeError);
    expect(build).toThrow(message);
  });

  it('refuses a cache of another model', () => {
    const inputs = causalInputs(config, { past: 'kvSeq' });
    expect(() => llama({ ...config, layers: 3 }, inputs)).toThrow(/past.keys of 3 layers, got 2/);
    expect(() => llama({ ...config, kvHeads: 4 }, inputs)).toThrow(/expected past.keys.0 float32 \[batch, 4, kvSeq, 8\]/);
  });
});

const full = (node: Node): Tensor => {
  const shape = node.shape as readonly number[];
  // B zero, A anything
  return tensor(shape, Array(shape.reduce((a, b) => a * b, 1)).fill(nameOf(node).endsWith('.a') ? 0.5 : 0));
};
const named = (root: Node, name: string): Node => {
  const seen = [root];
  for (const node of seen) for (const from of node.inputs) if (!seen.includes(from)) seen.push(from);
  return seen.find((node) => node.op.name === 'parameter' && nameOf(node) === name)!;
};

// As published.
const smollm2 = {
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  attention_dropout: 0,
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 576,
  initializer_range: 0.041666666666666664,
  intermediate_size: 1536,
  is_llama_config: true,
  max_position_embeddings: 8192,
  model_type: 'llama',
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  pad_token_id: 2,
  pretraining_tp: 1,
  rms_norm_eps: 1e-5,
  rope_interleaved: false,
  rope_scaling: null,
  rope_theta: 100_000,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  'transformers.js_config': { kv_cache_dtype: { q4f16: 'float16', fp16: 'float16' } },
  transformers_version: '4.42.3',
  use_cache: true,
  vocab_size: 49_152,
};
const smollm2Config = {
  vocab: 49_152,
  hidden: 576,
  layers: 30,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  positions: 8192,
  tied: true,
  ffn: 1536,
  activation: 'silu',
  epsilon: 1e-5,
  ropeBase: 100_000,
  ropeScaling: undefined,
  rope: 'half',
  biases: { qkv: false, out: false, mlp: false },
  qkNorm: false,
  window: undefined,
};

describe('llamaConfig', () => {
  it('reads published configs, old and new', () => {
    expect(llamaConfig(smollm2)).toEqual(smollm2Config);
    const { rope_theta, rope_scaling, torch_dtype, ...rest } = smollm2;
    expect(llamaConfig({ ...rest, dtype: 'bfloat16', rope_parameters: { rope_type: 'default', rope_theta: 100_000 } })).toEqual(smollm2Config);
    const llama32 = llamaConfig({
      ...rest,
      rope_theta: 500_000,
      rope_scaling: { factor: 32, high_freq_factor: 4, low_freq_factor: 1, original_max_position_embeddings: 8192, rope_type: 'llama3' },
      head_dim: 64,
      mlp_bias: false,
    });
    expect(llama32).toMatchObject({ ropeBase: 500_000, ropeScaling: { kind: 'llama3', factor: 32, low: 1, high: 4, positions: 8192 } });
    const qwen = {
      architectures: ['Qwen2ForCausalLM'],
      attention_dropout: 0,
      bos_token_id: 151_643,
      eos_token_id: 151_645,
      hidden_act: 'silu',
      hidden_size: 896,
      initializer_range: 0.02,
      intermediate_size: 4864,
      max_position_embeddings: 32_768,
      max_window_layers: 21,
      model_type: 'qwen2',
      num_attention_heads: 14,
      num_hidden_layers: 24,
      num_key_value_heads: 2,
      rms_norm_eps: 1e-6,
      rope_theta: 1_000_000,
      sliding_window: 32_768,
      tie_word_embeddings: true,
      torch_dtype: 'bfloat16',
      transformers_version: '4.43.1',
      use_cache: true,
      use_sliding_window: false,
      vocab_size: 151_936,
    };
    expect(llamaConfig(qwen)).toMatchObject({ headDim: 64, biases: { qkv: true, out: false, mlp: false }, qkNorm: false, window: undefined });
    expect(llamaConfig({ ...qwen, model_type: 'qwen3', head_dim: 128, attention_bias: false })).toMatchObject({
      headDim: 128,
      qkNorm: true,
      biases: { qkv: false },
    });
    const { use_sliding_window, max_window_layers, ...mistral } = qwen;
    expect(llamaConfig({ ...mistral, model_type: 'mistral', sliding_window: 4096 })).toMatchObject({ window: 4096, biases: { qkv: false } });
    expect(llamaConfig({ ...mistral, model_type: 'mistral', sliding_window: null }).window).toBeUndefined();
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, /rope_scaling/],
    [{ rope_scaling: { type: 'dynamic', factor: 4 } }, /rope_scaling/],
    [{ rope_scaling: { type: 'linear' } }, /rope_scaling.factor/],
    [{ rope_scaling: { type: 'linear', factor: 0 } }, /rope_scaling.factor/],
    [{ rope_scaling: { type: 'linear', factor: 2, attention_factor: 2 } }, /attention_factor/],
    [
      { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4, original_max_position_embeddings: 8192 } },
      /high_freq_factor must be above/,
    ],
    [{ rope_parameters: { rope_type: 'default', rope_theta: 7 } }, /one rope_theta, got 100000 and 7/],
    [{ rope_theta: undefined, rope_parameters: { partial_rotary_factor: 0.5 } }, /partial_rotary_factor 0.5/],
    [{ rope_interleaved: true }, /rope_interleaved/],
    [{ hidden_act: 'relu2' }, /hidden_act/],
    [{ sliding_window: 4 }, /sliding_window/],
    [{ num_key_value_heads: 2 }, /heads of keys that divide/],
    [{ num_attention_heads: 7 }, /7 heads of 82/],
    [{ quantization_config: { bits: 4 } }, /quantization_config/],
    [{ attention_bias: 'yes' }, /attention_bias/],
    [{ num_hidden_layers: 1e9 }, /num_hidden_layers/],
    [{ hidden_size: -1 }, /hidden_size/],
    [{ model_type: 'mixtral' }, /expected model_type "llama", "mistral", "qwen2", "qwen3", got "mixtral"/],
    [{ model_type: 'constructor' }, /expected model_type/],
    [{ model_type: 'mistral', is_llama_config: undefined }, /sliding_window/],
    [{ model_type: 'qwen2', use_sliding_window: true }, /use_sliding_window/],
    [{ model_type: 'qwen2', layer_types: ['sliding_attention'] }, /layer_types/],
    [{ model_type: 'qwen3' }, /head_dim/],
  ])('refuses %j', (change, message) => {
    expect(() => llamaConfig({ ...smollm2, ...change })).toThrow(ConfigError);
    expect(() => llamaConfig({ ...smollm2, ...change })).toThrow(message);
  });

  it.each([null, undefined, 3, [], 'llama'])('refuses %j', (value) => {
    expect(() => llamaConfig(value)).toThrow(ConfigError);
    expect(() => causalMember(value)).toThrow(ConfigError);
  });

  it('is found by the type of the model', () => {
    expect(causalMember(smollm2).config).toEqual(smollm2Config);
    expect(causalTypes).toContain('qwen3');
    expect(() => causalMember({ model_type: 'bert' })).toThrow(/expected a model_type of llama/);
  });
});

describe('llamaConfigFromGguf', () => {
  const metadata = new Map<string, unknown>([
    ['general.architecture', 'llama'],
    ['general.name', 'Smollm2 135M 8k Lc100K Mix1 Ep2'],
    ['llama.block_count', 30],
    ['llama.context_length', 8192],
    ['llama.embedding_length', 576],
    ['llama.feed_forward_length', 1536],
    ['llama.attention.head_count', 9],
    ['llama.attention.head_count_kv', 3n],
    ['llama.rope.freq_base', 100_000],
    ['llama.attention.layer_norm_rms_epsilon', 9.999999747378752e-6],
    ['llama.vocab_size', 49_152],
    ['llama.rope.dimension_count', 64],
    ['general.file_type', 3],
    ['tokenizer.ggml.model', 'gpt2'],
  ]);
  const tensors = new Set(['token_embd.weight', 'output_norm.weight', 'blk.0.attn_q.weight']);

  it('reads what a file of SmolLM2 says, and says in which order its rows lie', () => {
    const read = llamaConfigFromGguf(metadata, tensors);
    expect({ ...read, epsilon: Math.fround(read.epsilon) }).toEqual({ ...smollm2Config, epsilon: Math.fround(1e-5), rope: 'interleaved' });
    const { weightNames, build, config } = causalMemberFromGguf(metadata, tensors);
    const { parameters } = build(causalInputs(config));
    expect(parameters).toHaveLength(272);
    expect(parameters.map((node) => weightNames.get(nameOf(node))!).slice(0, 3)).toEqual([
      ['token_embd.weight'],
      ['blk.0.attn_norm.weight'],
      ['blk.0.attn_q.weight'],
    ]);
  });

  it('takes from the tensors what metadata leaves out', () => {
    const qwen = new Map([...metadata].map(([key, value]): [string, unknown] => [key.replace('llama.', 'qwen2.'), value])).set('general.architecture', 'qwen2');
    const more = new Set([...tensors, 'output.weight', 'blk.0.attn_q.bias']);
    qwen.delete('qwen2.vocab_size');
    qwen.set('tokenizer.ggml.tokens', ['a', 'b']);
    expect(llamaConfigFromGguf(qwen, more)).toMatchObject({ tied: false, rope: 'half', vocab: 2, biases: { qkv: true, out: false, mlp: false } });
    const factors = Array(32).fill(2);
    const scaled = new Set([...tensors, 'rope_freqs.weight']);
    expect(llamaConfigFromGguf(metadata, scaled, { ropeFactors: factors }).ropeScaling).toEqual({ kind: 'factors', factors });
    const linear = new Map(metadata).set('llama.rope.scaling.type', 'linear').set('llama.rope.scaling.factor', 4);
    expect(llamaConfigFromGguf(linear, tensors).ropeScaling).toEqual({ kind: 'linear', factor: 4 });
    expect(() => llamaConfigFromGguf(metadata, scaled)).toThrow(/pass ropeFactors/);
  });

  it.each<[string, unknown, RegExp]>([
    ['general.architecture', 'gptneox', /expected general.architecture llama, qwen2, qwen3, got "gptneox"/],
    ['general.architecture', '__proto__', /expected general.architecture/],
    ['llama.expert_count', 8, /llama.expert_count/],
    ['llama.rope.scaling.type', 'yarn', /llama.rope.scaling.type/],
    ['llama.rope.scaling.type', 'linear', /one factor for linear scaling, got none/],
    ['llama.rope.dimension_count', 32, /expected rope.dimension_count to be 64/],
    ['llama.attention.head_count_kv', [3, 3], /llama.attention.head_count_kv/],
    ['llama.attention.sliding_window', 4096, /sliding_window/],
    ['llama.block_count', 1e9, /llama.block_count/],
    ['llama.block_count', '30', /llama.block_count/],
    ['llama.vocab_size', undefined, /expected vocab_size or tokenizer.ggml.tokens/],
    ['llama.attention.head_count', 7, /7 heads/],
  ])('refuses %s = %j', (key, value, message) => {
    const changed = new Map(metadata).set(key, value);
    if (key === 'general.architecture') expect(() => causalMemberFromGguf(changed, tensors)).toThrow(ConfigError);
    expect(() => llamaConfigFromGguf(changed, tensors)).toThrow(ConfigError);
    expect(() => llamaConfigFromGguf(changed, tensors)).toThrow(message);
  });
});
