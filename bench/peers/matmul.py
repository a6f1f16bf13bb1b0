"""Rates of x @ w.T in PyTorch. Arguments: threads, JSON list of [rows, inner, columns]. Prints {"version", "rates": {"MxKxN": GFLOP/s}}."""
import json
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]))
rates = {}
with torch.inference_mode():
    for m, k, n in json.loads(sys.argv[2]):
        x, w = torch.rand(m, k), torch.rand(n, k)
        repeat = max(1, int(2e9 / (2 * m * k * n)))
        times = []
        for turn in range(9):
            start = time.perf_counter()
            for _ in range(repeat):
                torch.nn.functional.linear(x, w)
            times.append((time.perf_counter() - start) / repeat)
        rates[f"{m}x{k}x{n}"] = 2 * m * k * n / sorted(times[1:])[4] / 1e9
print(json.dumps({"version": torch.__version__, "rates": rates}))
