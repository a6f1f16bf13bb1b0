"""Writes the ONNX export of a GGUF file that transformers.js opens: python export_onnx.py FILE FOLDER.

FOLDER gets config and tokenizer as transformers reads them from the file, and onnx/ one model for each `dtype` of transformers.js that is tried here:
fp32, and q8 and q4 in blocks of 32, as MatMulNBits takes them.
The graph uses onnxruntime's fused operators for attention and normalisation, as the exports made for it do.
"""

from __future__ import annotations

import os
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import AutoModelForCausalLM, AutoTokenizer

MICROSOFT = "com.microsoft"
BLOCK = 32
FILES = {"fp32": "model.onnx", "q8": "model_quantized.onnx", "q4": "model_q4.onnx"}


class Graph:
    """Nodes and initialisers of one model; every method returns the name of what it adds."""

    def __init__(self, dtype):
        self.dtype, self.nodes, self.initialisers = dtype, [], []

    def constant(self, name, value):
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op, inputs, outputs, domain="", **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def linear(self, name, x, weight):
        """x times the transpose of weight [out, in], in the precision of this model."""
        if self.dtype == "fp32":
            return self.node("MatMul", [x, self.constant(f"{name}.weight", weight.T)], name)
        bits = 8 if self.dtype == "q8" else 4
        whole, scale, zero = blocks_of(weight, bits)
        inputs = [self.constant(f"{name}.{part}", value) for part, value in (("weight", whole), ("scale", scale), ("zero", zero))]
        shape = {"N": weight.shape[0], "K": weight.shape[1], "bits": bits, "block_size": BLOCK, "accuracy_level": 4}
        return self.node("MatMulNBits", [x, *inputs], name, MICROSOFT, **shape)


def blocks_of(weight, bits):
    """Integers, scales and zero points of weight [out, in], a block of 32 neighbours at a time, laid out for MatMulNBits."""
    rows, columns = weight.shape
    if columns % BLOCK:
        raise ValueError(f"export_onnx: expected rows of a multiple of {BLOCK} weights, got {columns}")
    blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
    top = 2**bits - 1
    low, high = np.minimum(blocks.min(2), 0), np.maximum(blocks.max(2), 0)
    scale = np.maximum((high - low) / top, 1e-12).astype(np.float32)
    zero = np.clip(np.rint(-low / scale), 0, top).astype(np.uint8)
    whole = np.clip(np.rint(blocks / scale[..., None]) + zero[..., None], 0, top).astype(np.uint8)
    return (whole, scale, zero) if bits == 8 else (pairs(whole), scale, pairs(zero))


def pairs(values):
    """Two 4-bit values a byte, the first in the low half; an odd last one is alone in its byte."""
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, values.shape[-1] % 2)])
    return padded[..., 0::2] | (padded[..., 1::2] << 4)


def build(model, dtype):
    config, weights = model.config, {name: value.detach().numpy() for name, value in model.state_dict().items()}
    if config.model_type != "llama" or any(name.endswith("proj.bias") for name in weights):
        raise ValueError(f"export_onnx: expected a model of the llama family without biases, got {config.model_type}")
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    g = Graph(dtype)

    # Columns left of a text in a padded batch are no keys; what is causal, attention knows itself.
    g.constant("one", np.array([1], np.int64))
    g.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    g.node("Sub", ["mask", g.constant("true", np.float32(1))], "mask.less")
    g.node("Mul", ["mask.less", g.constant("far", np.float32(1e9))], "mask.bias")
    g.node("Unsqueeze", ["mask.bias", g.constant("mask.axes", np.array([1, 2], np.int64))], "mask.row")
    g.node("Shape", ["input_ids"], "length", start=1, end=2)
    g.node("Concat", ["one", "one", "length", "one"], "mask.shape", axis=0)
    g.node("Expand", ["mask.row", "mask.shape"], "bias")
    g.node("Shape", ["attention_mask"], "total", start=1, end=2)
    g.node("Shape", ["input_ids"], "batch", start=0, end=1)
    g.node("Sub", ["total", "one"], "last")
    g.node("Expand", ["last", "batch"], "lasts")
    g.node("Cast", ["lasts"], "seqlens", to=TensorProto.INT32)
    g.node("Cast", ["total"], "total.vector", to=TensorProto.INT32)
    g.node("Squeeze", ["total.vector"], "total.int")
    angles = torch.outer(torch.arange(config.max_position_embeddings).float(), model.model.rotary_emb.inv_freq.float())
    scaling = float(model.model.rotary_emb.attention_scaling)
    g.constant("cos", (angles.cos() * scaling).numpy())
    g.constant("sin", (angles.sin() * scaling).numpy())

    normalise = {"epsilon": float(config.rms_norm_eps)}
    stream = g.node("Gather", [g.constant("embedding", weights["model.embed_tokens.weight"]), "input_ids"], "embedded")
    first = g.constant("blocks.0.norm1.weight", weights["model.layers.0.input_layernorm.weight"])
    x = g.node("SimplifiedLayerNormalization", [stream, first], "blocks.0.norm1", axis=-1, stash_type=1, **normalise)
    for i in range(config.num_hidden_layers):
        at, own = f"blocks.{i}", lambda part: weights[f"model.layers.{i}.{part}.weight"]
        # Not by the attention itself: it takes a batch of prompts to begin all where the first does.
        q, k, v = (g.linear(f"{at}.{part}", x, own(f"self_attn.{part}_proj")) for part in "qkv")
        turned = [
            g.node("RotaryEmbedding", [y, "position_ids", "cos", "sin"], f"{y}.turned", MICROSOFT, num_heads=count, rotary_embedding_dim=head_dim)
            for y, count in ((q, heads), (k, kv_heads))
        ]
        past = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
        inputs = [*turned, v, *past, "seqlens", "total.int", "", "", "", "bias"]
        outputs = [f"{at}.attention", f"present.{i}.key", f"present.{i}.value"]
        attention = {"num_heads": heads, "kv_num_heads": kv_heads, "scale": float(head_dim**-0.5)}
        x = g.linear(f"{at}.out", g.node("GroupQueryAttention", inputs, outputs, MICROSOFT, **attention), own("self_attn.o_proj"))
        scale = g.constant(f"{at}.norm2.weight", own("post_attention_layernorm"))
        outputs = [f"{at}.norm2", "", "", f"{at}.middle"]
        x = g.node("SkipSimplifiedLayerNormalization", [stream, x, scale], outputs, MICROSOFT, **normalise)
        gate = g.linear(f"{at}.gate", x, own("mlp.gate_proj"))
        open_gate = g.node("Mul", [gate, g.node("Sigmoid", [gate], f"{at}.sigmoid")], f"{at}.silu")
        x = g.node("Mul", [open_gate, g.linear(f"{at}.up", x, own("mlp.up_proj"))], f"{at}.gated")
        x = g.linear(f"{at}.down", x, own("mlp.down_proj"))
        last = i + 1 == config.num_hidden_layers
        following = "model.norm.weight" if last else f"model.layers.{i + 1}.input_layernorm.weight"
        scale = g.constant(f"blocks.{i + 1}.norm1.weight", weights[following])
        outputs = [f"blocks.{i + 1}.norm1", "", "", *([] if last else [f"{at}.post"])]
        x = g.node("SkipSimplifiedLayerNormalization", [f"{at}.middle", x, scale], outputs, MICROSOFT, **normalise)
        stream = f"{at}.post"

    # So many last rows as asked; 0 means all of them.
    g.node("Neg", ["num_logits_to_keep"], "kept.less")
    g.node("Reshape", ["kept.less", "one"], "kept.from")
    x = g.node("Slice", [x, "kept.from", g.constant("kept.end", np.array([2**62], np.int64)), "one"], "kept.rows")
    g.nodes.append(helper.make_node("Identity", [g.linear("head", x, weights["lm_head.weight"])], ["logits"]))

    # transformers.js makes the first, empty cache by these names of axes.
    new, total = ["batch_size", "sequence_length"], ["batch_size", "total_sequence_length"]
    ints = {"input_ids": new, "attention_mask": total, "position_ids": new, "num_logits_to_keep": []}
    caches = lambda name, length: [
        helper.make_tensor_value_info(f"{name}.{i}.{part}", TensorProto.FLOAT, ["batch_size", kv_heads, length, head_dim])
        for i in range(config.num_hidden_layers)
        for part in ("key", "value")
    ]
    graph = helper.make_graph(
        g.nodes,
        "language-model",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in ints.items()] + caches("past_key_values", "past_sequence_length"),
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", "kept", config.vocab_size])] + caches("present", "total_sequence_length"),
        g.initialisers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)], ir_version=10)


def export(file, folder):
    home, name = os.path.split(os.path.abspath(file))
    model = AutoModelForCausalLM.from_pretrained(home, gguf_file=name, dtype=torch.float32).eval()
    os.makedirs(os.path.join(folder, "onnx"))
    model.config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(home, gguf_file=name).save_pretrained(folder)
    for dtype, path in FILES.items():
        onnx.save(build(model, dtype), os.path.join(folder, "onnx", path))


if __name__ == "__main__":
    export(*sys.argv[1:])
