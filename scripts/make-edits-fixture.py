"""Writes src/nn/edits/fixtures/transformer-lens.safetensors: what TransformerLens finds at the sites of tiny models, and the logits it gets where hooks edit them.

Needs transformer_lens==4.3.0 (torch, transformers and tokenizers come with it):  HF_HUB_OFFLINE=1 python scripts/make-edits-fixture.py
The weights are those of src/models/fixtures/NAME-tiny.safetensors, as they are: no norm is folded into a weight, no weight centred. Tensors: target, source (token ids); NAME.SITE, what the
target gives there in the axes of our site; NAME.edited.WHAT, logits of the target under the hooks below, which src/nn/edits/transformer-lens.test.ts says as edits.
"""

import importlib.metadata
import json
import tempfile
from pathlib import Path

import tokenizers
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file
from transformer_lens.model_bridge import TransformerBridge

VERSION = importlib.metadata.version("transformer_lens")
ROOT = Path(__file__).resolve().parent.parent
TARGET, SOURCE = torch.tensor([[1, 5, 9, 2, 7, 30, 11]]), torch.tensor([[8, 5, 3, 41, 7, 2, 19]])


def rows(x):
    """Heads side by side."""
    return x.flatten(2)


def apart(x):
    """[batch, seq, heads, width] → [batch, heads, seq, width]"""
    return x.transpose(1, 2)


def same(x):
    return x


# Our site → their hook, and how their axes become ours.
BLOCK = {
    "attn.in": ("ln1.hook_out", same),
    **{f"attn.{part}": (f"attn.hook_{part}", rows) for part in "qkvz"},
    "attn.qTurned": ("attn.hook_rot_q", apart),
    "attn.kTurned": ("attn.hook_rot_k", apart),
    "attn.scores": ("attn.hook_attn_scores", same),
    "attn.pattern": ("attn.hook_pattern", same),
    "attn.headOut": ("attn.hook_result", apart),
    "attn.out": ("hook_attn_out", same),
    "resid.mid": ("hook_resid_mid", same),
    "mlp.in": ("ln2.hook_out", same),
    "mlp.act": ("mlp.hook_post", same),
    "mlp.down": ("hook_mlp_out", same),
    "resid.pre": ("hook_resid_pre", same),
    "resid.post": ("hook_resid_post", same),
}


def opened(name):
    with safe_open(ROOT / f"src/models/fixtures/{name}-tiny.safetensors", "pt") as file:
        config = transformers.AutoConfig.for_model(**json.loads(file.metadata()["config"]))
        weights = {key: file.get_tensor(key) for key in file.keys() if not key.startswith(("input.", "expected.", "gradient."))}
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({str(i): i for i in range(config.vocab_size)}, unk_token="0"))
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="0", bos_token="0", eos_token="0", pad_token="0").save_pretrained(folder)
        bridge = TransformerBridge.boot_transformers(folder, hf_model=model)
    bridge.enable_compatibility_mode(no_processing=True)
    bridge.cfg.use_attn_result = True
    assert (bridge(TARGET, prepend_bos=False) - model(TARGET).logits).abs().max() < 1e-5
    return bridge, config


def put(hook, at, value):
    """A hook that writes a value at an index, or what a function makes of what is there."""

    def write(x, hook):
        x = x.clone()
        x[at] = value(x[at]) if callable(value) else value
        return x

    return hook, write


def edits(name, source, target):
    """What is done → hooks. Indices are [batch, seq, head] but for patterns, [batch, head, query]."""
    every = slice(None)
    last = (every, -1)
    steering = source["blocks.0.hook_resid_post"][0, -1] - target["blocks.0.hook_resid_post"][0, -1]
    pattern = "attn.hook_pattern"
    request = put("blocks.1.hook_resid_pre", last, source["blocks.1.hook_resid_pre"][last])
    head = put("blocks.1.attn.hook_z", (every, every, 1), 0.0)
    steered = put("blocks.0.hook_resid_post", (every, [2, -1]), lambda x: x + 2.5 * steering)
    return {
        "patch resid": [request],
        # Their hook_resid_mid is what the norm reads and no more: attention is made to add what leads there.
        **({} if name == "gpt-neox" else {"patch mid": [put("blocks.0.hook_attn_out", (every, [1, 4]), (source["blocks.0.hook_resid_mid"] - target["blocks.0.hook_resid_pre"])[:, [1, 4]])]}),
        "patch q": [put("blocks.0.attn.hook_q", (every, -1, 1), source["blocks.0.attn.hook_q"][:, -1, 1])],
        "patch k and v": [put(f"blocks.1.attn.hook_{x}", (every, 3, 1), source[f"blocks.1.attn.hook_{x}"][:, 3, 1]) for x in "kv"],
        "patch mlp": [put("blocks.0.hook_mlp_out", last, source["blocks.0.hook_mlp_out"][last])],
        "patch head": [put("blocks.0.attn.hook_result", (every, 3, 0), source["blocks.0.attn.hook_result"][:, 3, 0])],
        "zero head": [head],
        "mean head": [put("blocks.0.attn.hook_z", (every, every, 1), source["blocks.0.attn.hook_z"][:, :, 1].mean((0, 1)))],
        "mean mlp": [put("blocks.1.hook_mlp_out", every, source["blocks.1.hook_mlp_out"].mean((0, 1)))],
        "freeze patterns": [put(f"blocks.{n}.{pattern}", every, source[f"blocks.{n}.{pattern}"]) for n in (0, 1)],
        "freeze a row": [put(f"blocks.1.{pattern}", (every, 0, -1), source[f"blocks.1.{pattern}"][:, 0, -1])],
        "steer": [steered],
        "scale": [put("blocks.1.mlp.hook_post", every, lambda x: 0.5 * x), put("blocks.0.attn.hook_v", (every, every, 0), lambda x: -1.5 * x)],
        "several": [steered, request, head],
    }


found = {"target": TARGET, "source": SOURCE}
for name in ("gpt2", "gpt-neox", "llama"):
    model, config = opened(name)
    with torch.no_grad():
        plain, target = model.run_with_cache(TARGET, prepend_bos=False)
        _, source = model.run_with_cache(SOURCE, prepend_bos=False)
        block = BLOCK | ({"mlp.gate": ("mlp.hook_pre", same), "mlp.up": ("mlp.hook_pre_linear", same)} if name == "llama" else {"mlp.up": ("mlp.hook_pre", same)})
        sites = {f"blocks.{n}.{site}": (f"blocks.{n}.{hook}", turn) for n in range(config.num_hidden_layers) for site, (hook, turn) in block.items()}
        for site, (hook, turn) in (sites | {"final": ("ln_final.hook_out", same)}).items():
            if hook in target:
                found[f"{name}.{site}"] = turn(target[hook])
        found[f"{name}.logits"] = plain
        for what, hooks in edits(name, source, target).items():
            logits = model.run_with_hooks(TARGET, prepend_bos=False, fwd_hooks=hooks)
            assert (logits - plain).abs().max() > 1e-3, (name, what)
            found[f"{name}.edited.{what}"] = logits

path = ROOT / "src/nn/edits/fixtures/transformer-lens.safetensors"
path.parent.mkdir(exist_ok=True)
metadata = {"script": "scripts/make-edits-fixture.py", "transformer_lens": VERSION, "torch": torch.__version__, "transformers": transformers.__version__}
save_file({key: tensor.contiguous().clone() for key, tensor in found.items()}, path, metadata=metadata)
print(path.stat().st_size, "bytes,", len(found), "tensors")
