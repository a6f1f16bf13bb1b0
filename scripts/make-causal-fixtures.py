"""Writes src/models/fixtures/NAME-tiny.safetensors: causal models of random weights, one left-padded batch, and what the reference implementation makes of it.

Needs torch, transformers, safetensors and numpy:  python scripts/make-causal-fixtures.py [NAME ...]
The metadata of each file names this script, the versions, the seed and the config as the reference writes it. Tensors: weights under their Hugging Face names; input.*,
expected.* (every site under its name in src/nn/sites.ts, as the reference's own modules and functions take or give it; loss, the mean cross entropy of next tokens),
gradient.* of the loss for every weight.
"""

import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

SEED = 20261126
LENGTHS = (9, 6)
llama = dict(vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5)
neox = dict(vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64, rotary_pct=0.5, rotary_emb_base=50)

MODELS = {
    "llama": transformers.LlamaConfig(**llama, head_dim=8, rope_theta=100.0, tie_word_embeddings=True),
    # Original positions of 8 and factors that put one pair on either side of the blend and one within.
    "llama3": transformers.LlamaConfig(
        **llama | dict(num_key_value_heads=1, attention_bias=True, mlp_bias=True),
        head_dim=8,
        rope_parameters=dict(rope_type="llama3", rope_theta=30.0, factor=4.0, low_freq_factor=0.2, high_freq_factor=1.0, original_max_position_embeddings=8),
    ),
    "mistral": transformers.MistralConfig(**llama, sliding_window=3, rope_parameters=dict(rope_type="linear", rope_theta=50.0, factor=2.5)),
    "qwen2": transformers.Qwen2Config(**llama, rope_theta=40.0, tie_word_embeddings=True),
    "qwen3": transformers.Qwen3Config(**llama | dict(num_key_value_heads=4), head_dim=6, rope_theta=60.0),
    "gpt-neox": transformers.GPTNeoXConfig(**neox),
    "gpt-neox-sequential": transformers.GPTNeoXConfig(**neox | dict(use_parallel_residual=False, attention_bias=False, rotary_pct=1.0, hidden_act="gelu_new")),
    "gpt2": transformers.GPT2Config(vocab_size=48, n_positions=32, n_embd=16, n_layer=2, n_head=4, n_inner=24, layer_norm_epsilon=1e-5),
    # Windows in the first layer and the third; the second sees all and turns more slowly.
    "gemma3": transformers.Gemma3TextConfig(
        vocab_size=40, hidden_size=12, intermediate_size=20, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=6, max_position_embeddings=64,
        query_pre_attn_scalar=11, sliding_window=3, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        rope_parameters=dict(sliding_attention=dict(rope_type="default", rope_theta=20.0), full_attention=dict(rope_type="linear", factor=2.0, rope_theta=200.0)),
    ),
}


def randomise(model):
    """Larger weights than at a fresh start, and norms off their neutral values, so that no term hides."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn_like(weight)
            is_norm = "norm" in name or "ln_" in name
            neutral = 1.0 if is_norm and name.endswith("weight") and "gemma3" not in model.config.model_type else 0.0
            weight.copy_(neutral + 0.3 * noise)


# Sites of what enters and of what leaves a module of a block.
MODULES = {
    **{f"self_attn.{x}_proj": (None, f"attn.{x}") for x in "qkv"},
    **{f"mlp.{x}_proj": (None, f"mlp.{x}") for x in ("gate", "up")},
    **{name: (None, "attn.in") for name in ("input_layernorm", "ln_1")},
    **{name: ("resid.mid", "mlp.in") for name in ("post_attention_layernorm", "ln_2")},
    **{name: ("attn.z", "attn.out") for name in ("self_attn.o_proj", "attention.dense", "attn.c_proj")},
    **{name: (None, "mlp.up") for name in ("mlp.dense_h_to_4h", "mlp.c_fc")},
    **{name: ("mlp.act", "mlp.down") for name in ("mlp.down_proj", "mlp.dense_4h_to_h", "mlp.c_proj")},
    "": (None, "resid.post"),
}
GEMMA3 = {"post_attention_layernorm": (None, "attn.add"), "pre_feedforward_layernorm": ("resid.mid", "mlp.in"), "post_feedforward_layernorm": (None, "mlp.add")}
# Queries, keys and values that leave one linear: side by side, or head by head.
JOINT = {"attn.c_attn": lambda out, heads: out.chunk(3, -1), "attention.query_key_value": lambda out, heads: [x.flatten(-2) for x in out.unflatten(-1, (heads, -1)).chunk(3, -1)]}


def watch(model, found):
    """From now on `found` gets what the model computes at the sites of its blocks."""
    config, base = model.config, model.base_model
    modules = MODULES | (GEMMA3 if config.model_type == "gemma3_text" else {})
    if getattr(config, "use_parallel_residual", False):
        modules |= {"post_attention_layernorm": (None, "mlp.in")}
    blocks = {}

    def keep(number, site, tensor):
        if site:
            found[f"blocks.{number}.{site}"] = tensor

    for number, block in enumerate(base.h if hasattr(base, "h") else base.layers):
        for name, module in block.named_modules():
            blocks[module] = number
            if name in JOINT:
                module.register_forward_hook(lambda _, given, out, n=number, split=JOINT[name]: [keep(n, f"attn.{x}", part) for x, part in zip("qkv", split(out, config.num_attention_heads))] and None)
            if name in modules:
                before, after = modules[name]
                module.register_forward_pre_hook(lambda _, given, n=number, site=before: keep(n, site, given[0] if given else None))
                module.register_forward_hook(lambda _, given, out, n=number, site=after: keep(n, site, out[0] if isinstance(out, tuple) else out))

    home = sys.modules[type(model).__module__]
    attend, softmax = home.eager_attention_forward, torch.nn.functional.softmax

    def attend_watched(module, query, key, *rest, **more):
        number = blocks[module]
        if config.model_type != "gpt2":
            keep(number, "attn.qTurned", query)
            keep(number, "attn.kTurned", key)

        def softmax_watched(scores, *rest, **more):
            pattern = softmax(scores, *rest, **more)
            keep(number, "attn.scores", scores)
            keep(number, "attn.pattern", pattern)
            return pattern

        torch.nn.functional.softmax = softmax_watched
        try:
            return attend(module, query, key, *rest, **more)
        finally:
            torch.nn.functional.softmax = softmax

    home.eager_attention_forward = attend_watched
    return lambda: setattr(home, "eager_attention_forward", attend)


def make(name, config):
    torch.manual_seed(SEED)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    randomise(model)
    seq = max(LENGTHS)
    mask = (torch.arange(seq)[None, :] >= seq - torch.tensor(LENGTHS)[:, None]).long()
    ids = torch.randint(1, config.vocab_size, mask.shape) * mask
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    found = {}
    unwatch = watch(model, found)
    out = model(input_ids=ids, attention_mask=mask, position_ids=positions, output_hidden_states=True, use_cache=False)
    unwatch()
    found |= {"embed": out.hidden_states[0], "final": out.hidden_states[-1], "logits": out.logits}
    labels = torch.where(mask[:, :-1] * mask[:, 1:] == 1, ids[:, 1:], -100)
    loss = torch.nn.functional.cross_entropy(out.logits[:, :-1].flatten(0, 1), labels.flatten())
    loss.backward()

    weights = dict(model.named_parameters())
    tensors = {key: weight.detach() for key, weight in weights.items()}
    tensors |= {f"gradient.{key}": weight.grad for key, weight in weights.items()}
    tensors |= {"input.ids": ids, "input.mask": mask, "input.positions": positions, "expected.loss": loss[None]}
    tensors |= {f"expected.{site}": tensor for site, tensor in found.items()}
    target = Path(__file__).resolve().parent.parent / f"src/models/fixtures/{name}-tiny.safetensors"
    save_file(
        {key: tensor.detach().contiguous().clone() for key, tensor in tensors.items()},
        target,
        metadata={"script": "scripts/make-causal-fixtures.py", "seed": str(SEED), "torch": torch.__version__, "transformers": transformers.__version__, "config": config.to_json_string()},
    )
    print(name, target.stat().st_size, "bytes, loss", float(loss))


for name in sys.argv[1:] or MODELS:
    make(name, MODELS[name])
