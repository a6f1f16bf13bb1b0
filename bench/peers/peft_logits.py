"""Logits that PEFT computes with adapters on a model: `python peft_logits.py MODEL BATCH ADAPTER OUT [ADAPTER OUT ...]`.

MODEL is a folder for transformers, BATCH a safetensors file with input.ids, input.mask and input.positions [batch, seq], every ADAPTER a folder for PEFT. OUT gets `logits`, of the tokens of the batch alone. With virtual tokens,
beside which PEFT drops positions, they are of the texts without padding only.
"""

import copy
import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

model_folder, batch, *pairs = sys.argv[1:]
tensors = load_file(batch)
ids, mask, positions = (tensors[f"input.{name}"] for name in ("ids", "mask", "positions"))
config = transformers.AutoConfig.for_model(**json.loads((Path(model_folder) / "config.json").read_text()))
base = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
weights = {name: value for name, value in load_file(Path(model_folder) / "model.safetensors").items() if not name.startswith(("input.", "expected.", "gradient."))}
missing, unexpected = base.load_state_dict(weights, strict=False)
assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
base.tie_weights()
for adapter, out in zip(pairs[::2], pairs[1::2], strict=True):
    adapted = peft.PeftModel.from_pretrained(copy.deepcopy(base), adapter).eval()
    given = load_file(Path(adapter) / "adapter_model.safetensors")
    state = peft.get_peft_model_state_dict(adapted)
    assert set(state) == set(given), sorted(set(state) ^ set(given))[:4]
    assert all(torch.equal(state[name], given[name]) for name in given)
    own = adapted.peft_config["default"]
    with torch.no_grad():
        if own.is_prompt_learning:
            whole = mask.bool().all(1)
            logits = adapted(input_ids=ids[whole], attention_mask=mask[whole].long(), use_cache=False).logits[:, own.num_virtual_tokens :]
        else:
            logits = adapted(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False).logits
    save_file({"logits": logits.contiguous()}, out, metadata={"peft": peft.__version__, "transformers": transformers.__version__})
