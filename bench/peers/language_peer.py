"""PyTorch through transformers as a process: one JSON request a line on stdin, one JSON answer a line on stdout, as bench/language/language-worker.ts.

The weights of the GGUF file are expanded to float32 when it is loaded.
"""

from __future__ import annotations

import math
import os
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from answer_lines import answer_lines


class Peer:
    def open(self, file, threads):
        torch.set_num_threads(threads)
        folder, name = os.path.split(file)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
        self.model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
        return {"version": torch.__version__}

    def ids(self, text):
        return self.tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids

    def prefill(self, text):
        ids = self.ids(text)
        start = time.perf_counter()
        self.model(ids, use_cache=True, logits_to_keep=1)
        return {"seconds": time.perf_counter() - start, "tokens": ids.shape[1]}

    def decode(self, texts, tokens):
        self.tokenizer.padding_side = "left"
        self.tokenizer.pad_token = self.tokenizer.pad_token or self.tokenizer.eos_token
        batch = self.tokenizer(list(texts), return_tensors="pt", padding=True, add_special_tokens=False)
        mask = batch.attention_mask
        out = self.model(batch.input_ids, attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0), use_cache=True, logits_to_keep=1)
        past, last, position = out.past_key_values, out.logits[:, -1:].argmax(-1), mask.sum(1, keepdim=True)
        found = [last]
        start = time.perf_counter()
        for _ in range(tokens - 1):
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
            out = self.model(last, attention_mask=mask, position_ids=position, past_key_values=past, use_cache=True)
            past, last, position = out.past_key_values, out.logits[:, -1:].argmax(-1), position + 1
            found.append(last)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "tokens": len(texts) * (tokens - 1), "ids": torch.cat(found, 1).tolist()}

    def perplexity(self, text):
        ids = self.ids(text)
        logits = self.model(ids).logits[0, :-1].log_softmax(-1)
        picked = logits.gather(1, ids[0, 1:, None])
        return {"perplexity": math.exp(-picked.mean().item()), "tokens": ids.shape[1] - 1}


if __name__ == "__main__":
    with torch.inference_mode():
        answer_lines(Peer())
