"""Writes src/formats/fixtures/quant-hashes.json: SHA-256 of the float32 values that the reference gives many blocks of every type of storage.

Needs gguf:  python scripts/make-gguf-hashes.py
The blocks come from a small generator that src/formats/testing/random-blocks.ts has too, so the file holds hashes alone: one for each scale (every float16 that matters: zeros, subnormals, the smallest and the
largest, negative ones, infinities, NaN), each of BLOCKS blocks whose other bytes are random. Every NaN is written as one, since which bits a NaN has is the processor's choice.
"""

import hashlib
import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = 64
# Byte offsets of the float16 numbers in a block.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ2_XXS": [0]}
SCALES = [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x8400, 0x2E66, 0xB1C7, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFE01]


def random_bytes(seed: int, count: int) -> np.ndarray:
    """The high bytes of a counter's hash: the murmur3 finaliser over uint32."""
    x = (np.arange(count, dtype=np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)
    for shift, factor in [(16, 0x85EBCA6B), (13, 0xC2B2AE35)]:
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return ((x ^ (x >> np.uint64(16))) >> np.uint64(24)).astype(np.uint8)


def digest(values: np.ndarray) -> str:
    values = np.ascontiguousarray(values, "<f4")
    bits = values.view("<u4").copy()
    bits[np.isnan(values)] = 0x7FC00000
    return hashlib.sha256(bits.tobytes()).hexdigest()[:16]


warnings.simplefilter("ignore")
hashes: dict[str, list[str]] = {}
for number, (name, offsets) in enumerate(HALVES.items()):
    kind = GGMLQuantizationType[name]
    _, stride = GGML_QUANT_SIZES[kind]
    hashes[name] = []
    for i, scale in enumerate(SCALES):
        blocks = random_bytes(1000 * number + i, BLOCKS * stride).reshape(BLOCKS, stride).copy()
        for at, offset in enumerate(offsets):
            # A minimum runs through the scales too, another at each block.
            halves = np.array([scale if at == 0 else SCALES[(i + block) % len(SCALES)] for block in range(BLOCKS)], "<u2")
            blocks[:, offset : offset + 2] = halves.view(np.uint8).reshape(BLOCKS, 2)
        hashes[name].append(digest(quants.dequantize(blocks.reshape(1, -1), kind)))
every = np.arange(65536, dtype="<u2")
hashes["F16"] = [digest(every.view("<f2").astype(np.float32))]
hashes["BF16"] = [digest(quants.dequantize(every.view(np.uint8).reshape(1, -1), GGMLQuantizationType.BF16))]
fixture = {"script": "scripts/make-gguf-hashes.py", "gguf": version("gguf"), "numpy": np.__version__, "blocks": BLOCKS, "scales": SCALES, "halves": HALVES, "hashes": hashes}
(ROOT / "src/formats/fixtures/quant-hashes.json").write_text(json.dumps(fixture) + "\n")
