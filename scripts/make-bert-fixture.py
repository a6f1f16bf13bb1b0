"""Writes src/models/fixtures/bert-tiny.safetensors: a BERT of random weights, one padded batch, and what the reference implementation makes of it.

Needs torch, transformers, safetensors and numpy:  python scripts/make-bert-fixture.py
The file's metadata names this script, the versions and the seed. Tensors: weights under their Hugging Face names; input.*, expected.*, gradient.*.
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

SEED = 20261123
CONFIG = dict(
    vocab_size=40,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=40,
    hidden_act="gelu",
    max_position_embeddings=16,
    type_vocab_size=2,
    layer_norm_eps=1e-12,
)

torch.manual_seed(SEED)
model = transformers.BertModel(transformers.BertConfig(**CONFIG), add_pooling_layer=False).eval()
model.set_attn_implementation("eager")
with torch.no_grad():
    for name, weight in model.named_parameters():
        # Larger than at a fresh start, and norms off their neutral values, so that no term hides.
        noise = torch.randn_like(weight)
        weight.copy_(1 + 0.3 * noise if name.endswith("LayerNorm.weight") else 0.3 * noise)

ids = torch.randint(1, CONFIG["vocab_size"], (3, 11))
lengths = torch.tensor([11, 7, 2])
mask = (torch.arange(11)[None, :] < lengths[:, None]).long()
ids = ids * mask
out = model(input_ids=ids, attention_mask=mask, output_hidden_states=True, output_attentions=True)
hidden = out.last_hidden_state

# A loss over the tokens that exist, with weights that make every value matter.
weights = torch.randn_like(hidden) * mask[:, :, None]
(hidden * weights).sum().backward()
pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)

tensors = {name: weight.detach() for name, weight in model.named_parameters()}
tensors |= {"input.ids": ids, "input.mask": mask, "input.lossWeights": weights}
tensors |= {"expected.embed": out.hidden_states[0], "expected.block0": out.hidden_states[1], "expected.hidden": hidden, "expected.pattern1": out.attentions[1]}
tensors |= {"expected.sentence": torch.nn.functional.normalize(pooled, dim=1)}
for name in ("embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight", "encoder.layer.0.attention.self.key.weight", "encoder.layer.0.attention.self.query.bias", "encoder.layer.0.attention.output.LayerNorm.weight", "encoder.layer.1.intermediate.dense.weight"):
    tensors[f"gradient.{name}"] = dict(model.named_parameters())[name].grad

target = Path(__file__).resolve().parent.parent / "src/models/fixtures/bert-tiny.safetensors"
save_file(
    {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()},
    target,
    metadata={"script": "scripts/make-bert-fixture.py", "seed": str(SEED), "torch": torch.__version__, "transformers": transformers.__version__, "config": json.dumps(CONFIG)},
)
