"""Writes src/formats/fixtures/quants.gguf: random blocks of every quantised type, and beside each (expected.*) the float32 values that the reference gives them.

Needs gguf:  python scripts/make-gguf-fixture.py
Scales and minimums are drawn from extreme float16 values too: subnormals, negative, zeros, the largest, and in the last block an infinity and NaN.
Script, versions and seed stand in the metadata, which has a value of every type.
"""

import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType, GGUFWriter, quants

ROOT = Path(__file__).resolve().parent.parent
SEED = 20
ROWS = 2
# Byte offsets of the float16 numbers in a block.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ2_XXS": [0]}
EXTREMES = [0x0001, 0x03FF, 0x8001, 0x0400, 0x0000, 0x8000, 0x7BFF, 0xFBFF, 0x3C00, 0xBC00, 0x2E66, 0x1234]
NOT_FINITE = [0x7C00, 0xFE00]

random = np.random.default_rng(SEED)
warnings.simplefilter("ignore")
writer = GGUFWriter(ROOT / "src/formats/fixtures/quants.gguf", "fixture")
writer.add_custom_alignment(64)
writer.add_string("fixture.script", "scripts/make-gguf-fixture.py")
writer.add_string("fixture.gguf", version("gguf"))
writer.add_string("fixture.numpy", np.__version__)
writer.add_uint32("fixture.seed", SEED)
VALUES = {"UINT8": 255, "INT8": -128, "UINT16": 65535, "INT16": -32768, "UINT32": 4294967295, "INT32": -2147483648, "FLOAT32": 0.1, "FLOAT64": 0.1, "UINT64": 2**64 - 1, "INT64": -(2**53) + 1, "BOOL": True, "STRING": "\ufeffnaïve \ufffd 🙂"}
for name, value in VALUES.items():
    kind = GGUFValueType[name]
    writer.add_key_value(f"value.{name}", value, kind)
    writer.add_key_value(f"array.{name}", [value, value], GGUFValueType.ARRAY, kind)
writer.add_array("array.nested", [[1, 2], [3]])
writer.add_array("array.deep", [[["a", "b"], ["c"]], [["d"]]])

for name, offsets in HALVES.items():
    kind = GGMLQuantizationType[name]
    size, stride = GGML_QUANT_SIZES[kind]
    count = 4 if size == 256 else 14
    blocks = random.integers(0, 256, (count, stride), dtype=np.uint8)
    blocks[0] = 0
    blocks[1] = 255
    extremes = random.permutation(np.repeat(EXTREMES, 4))[: (count - 1) * len(offsets)].tolist() + NOT_FINITE
    for block in range(count):
        for offset in offsets:
            blocks[block, offset : offset + 2] = np.array([extremes.pop(0)], "<u2").view(np.uint8)
    rows = blocks.reshape(ROWS, -1)
    writer.add_tensor(name, rows, raw_dtype=kind)
    writer.add_tensor(f"expected.{name}", quants.dequantize(rows, kind))

halves = random.integers(0, 65536, (3, 5), dtype=np.uint16)
writer.add_tensor("F16", halves.view(np.float16))
writer.add_tensor("expected.F16", halves.view(np.float16).astype(np.float32))
writer.add_tensor("BF16", halves.view(np.uint8), raw_dtype=GGMLQuantizationType.BF16)
writer.add_tensor("expected.BF16", quants.dequantize(halves.view(np.uint8), GGMLQuantizationType.BF16))
doubles = random.standard_normal((2, 2, 3)) * 10.0 ** random.integers(-50, 50, (2, 2, 3))
writer.add_tensor("F64", doubles)
writer.add_tensor("expected.F64", doubles.astype(np.float32))
writer.add_tensor("I32", np.arange(3, dtype=np.int32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
