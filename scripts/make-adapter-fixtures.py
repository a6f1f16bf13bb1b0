"""Writes src/models/fixtures/adapters/NAME/: LoRA adapters of random weights for the tiny models beside them, as PEFT saves them, and expected.safetensors, the logits that PEFT computes.

Needs torch, transformers, peft and safetensors:  python scripts/make-adapter-fixtures.py [NAME ...]
The base models are those of make-causal-fixtures.py, read back from their fixtures. The metadata of expected.safetensors names this script, the versions and the seed.
"""

import json
import shutil
import sys
from pathlib import Path

import peft
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file

SEED = 20261126
FIXTURES = Path(__file__).resolve().parent.parent / "src/models/fixtures"

ADAPTERS = {
    # A list of targets, with a rank and an alpha of its own for some, in layers of different ranks.
    "llama": ("llama", dict(r=3, lora_alpha=6, target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "down_proj"], rank_pattern={"down_proj": 2}, alpha_pattern={r"layers\.1\..*q_proj": 1})),
    # A regular expression, and alpha over the root of the rank.
    "llama-rslora": ("llama", dict(r=4, lora_alpha=2, use_rslora=True, target_modules=r".*\.(?:gate|up)_proj|.*layers\.0\.self_attn\.v_proj")),
    # One layer of two.
    "qwen3": ("qwen3", dict(r=2, lora_alpha=4, target_modules=["q_proj", "k_proj"], layers_to_transform=[1])),
    # Weights kept [in, out], with queries, keys and values in one.
    "gpt2": ("gpt2", dict(r=2, lora_alpha=4, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)),
    # Queries, keys and values in one, head by head; and a head of its own.
    "gpt-neox": ("gpt-neox", dict(r=2, lora_alpha=3, target_modules=["query_key_value", "dense_h_to_4h", "embed_out", "lm_head"])),
    "gemma3": ("gemma3", dict(r=2, lora_alpha=4, target_modules="all-linear", exclude_modules=["up_proj"])),
}


def make(name, base, options):
    torch.manual_seed(SEED)
    with safe_open(FIXTURES / f"{base}-tiny.safetensors", "pt") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}
    config = transformers.AutoConfig.for_model(**config)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    missing, unexpected = model.load_state_dict({key: value for key, value in tensors.items() if not key.startswith(("input.", "expected.", "gradient."))}, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    inputs = dict(input_ids=tensors["input.ids"], attention_mask=tensors["input.mask"], position_ids=tensors["input.positions"], use_cache=False)
    before = model(**inputs).logits
    assert torch.allclose(before, tensors["expected.logits"], atol=1e-5)
    adapted = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **options)).eval()
    with torch.no_grad():
        for key, weight in adapted.named_parameters():
            if "lora_" in key:
                weight.copy_(0.3 * torch.randn_like(weight))
    logits = adapted(**inputs).logits
    assert (logits - before).abs().max() > 0.1
    folder = FIXTURES / "adapters" / name
    shutil.rmtree(folder, ignore_errors=True)
    adapted.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    save_file(
        {"logits": logits.detach().contiguous()},
        folder / "expected.safetensors",
        metadata={"script": "scripts/make-adapter-fixtures.py", "seed": str(SEED), "base": base, "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__},
    )
    print(name, sum(path.stat().st_size for path in folder.iterdir()), "bytes")


for name in sys.argv[1:] or ADAPTERS:
    make(name, *ADAPTERS[name])
