"""Patched runs of last tokens in PyTorch through transformers: one JSON request a line on stdin, one JSON answer a line on stdout, as bench/inspect/sweep-worker.ts.

Every patched run is one forward pass of its target from the first token, several at once, padded at the right; what sources hold is read once a source, in one pass for all layers. Only last tokens go through the head.
"""

from __future__ import annotations

import os
import time

import torch
from transformers import AutoModelForCausalLM

from answer_lines import answer_lines


class Peer:
    def open(self, file, threads):
        torch.set_num_threads(threads)
        folder, name = os.path.split(file)
        self.model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
        self.blocks = self.model.model.layers
        return {"version": torch.__version__}

    def last_hidden(self, prompts):
        """Runs prompts side by side. Returns what their last tokens give the head, [batch, hidden]."""
        ends = torch.tensor([len(ids) - 1 for ids in prompts])
        width = int(ends.max()) + 1
        ids = torch.tensor([list(own) + [0] * (width - len(own)) for own in prompts])
        mask = torch.arange(width)[None] <= ends[:, None]
        self.rows = torch.arange(len(prompts)), ends
        hidden = self.model.model(ids, attention_mask=mask.long(), use_cache=False).last_hidden_state
        return hidden[self.rows]

    def residuals(self, prompts):
        """What leaves every block at the last tokens, [layers][batch, hidden]."""
        found = []
        hooks = [block.register_forward_hook(lambda _m, _i, out: found.append(self.stream(out)[self.rows].clone())) for block in self.blocks]
        self.last_hidden(prompts)
        for hook in hooks:
            hook.remove()
        return found

    @staticmethod
    def stream(out):
        return out[0] if isinstance(out, tuple) else out

    def sweep(self, sources, targets, wanted, batch):
        """Patches pairs after every block. Returns log-probabilities of the tokens wanted, [layers][pairs]."""
        start = time.perf_counter()
        layers = len(self.blocks)
        found = [[] for _ in range(layers)]
        for at in range(0, len(sources), batch):
            vectors = self.residuals(sources[at : at + batch])
            ids = torch.tensor(wanted[at : at + batch])
            for layer in range(layers):

                def write(_module, _inputs, out, vector=vectors[layer]):
                    self.stream(out)[self.rows] = vector
                    return out

                hook = self.blocks[layer].register_forward_hook(write)
                scores = self.model.lm_head(self.last_hidden(targets[at : at + batch])).log_softmax(-1)
                hook.remove()
                found[layer] += scores.gather(1, ids[:, None])[:, 0].tolist()
        return {"seconds": time.perf_counter() - start, "logprobs": found}


if __name__ == "__main__":
    with torch.inference_mode():
        answer_lines(Peer())
