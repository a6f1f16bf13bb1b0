"""Writes test/fixtures/greedy.json: what transformers continues twenty prompts with, greedily, from the weights of a GGUF file expanded to float32.

Needs torch, transformers and gguf:  python scripts/make-greedy-fixture.py FILE.gguf
Of every prompt: its token ids, the ids that follow (64, or up to the end token, which is not among them), and at each place how far the best logit is above the second, the place of the end token included.
No prompt has a fraction such as ½: from a GGUF file transformers makes a tokenizer that does not part it from a space before it, which llama.cpp and Lyceum do.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
import transformers

TOKENS = 64
CHAT = "<|im_start|>system\n{0}<|im_end|>\n<|im_start|>user\n{1}<|im_end|>\n<|im_start|>assistant\n"
PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a village between two rivers, there lived a clockmaker who",
    "def fibonacci(n):\n    \"\"\"Return the n-th Fibonacci number.\"\"\"\n",
    "#include <stdio.h>\n\nint main(void) {\n    for (int i = 0; i < 10; i++) {\n",
    "SELECT name, COUNT(*) FROM orders\nWHERE",
    "{\"name\": \"Ada\", \"born\": 1815, \"works\": [",
    "# Photosynthesis\n\n## Overview\n\nPhotosynthesis is",
    "Q: What is 17 + 25?\nA: 42\nQ: What is 31 + 46?\nA:",
    "1, 1, 2, 3, 5, 8, 13, 21,",
    "The French for \"good morning\" is \"bonjour\". The Spanish for \"good morning\" is",
    "Im Herzen der Stadt steht ein alter Turm, der",
    "El gato se sentó en la ventana y",
    "日本の首都は",
    "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer",
    "Ingredients:\n- 200 g flour\n- 2 eggs\n- 1 pinch of salt\n\nSteps:\n1.",
    "Dear Ms. Larsen,\n\nthank you for your letter of 3 May. I regret to inform you that",
    "word word word word word word word word",
    "\u2028\u00a0 \t\n\n  \U0001F680\U0001F469\u200d\U0001F52C naïve — “quoted” … ",
    CHAT.format("You are a helpful AI assistant named SmolLM, trained by Hugging Face", "Explain in detail how a bicycle stays upright."),
    CHAT.format("You answer at length.", "Write a Python function that reverses a linked list, and explain each line."),
]

file = Path(sys.argv[1]).resolve()
tokenizer = transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
model = transformers.AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32, attn_implementation="eager").eval()
ends = {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|im_end|>"), tokenizer.convert_tokens_to_ids("<|endoftext|>")} - {None}


@torch.inference_mode()
def greedy(prompts):
    """All at once: padded on the left, and a row whose answer has ended goes on unheard."""
    ids = [tokenizer(prompt, add_special_tokens=False).input_ids for prompt in prompts]
    longest = max(map(len, ids))
    new = torch.tensor([[0] * (longest - len(own)) + own for own in ids])
    mask = torch.tensor([[0] * (longest - len(own)) + [1] * len(own) for own in ids])
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    found, gaps, going, past = [[] for _ in ids], [[] for _ in ids], [True for _ in ids], None
    for step in range(TOKENS):
        out = model(new, attention_mask=mask, position_ids=positions, past_key_values=past, use_cache=True, logits_to_keep=1)
        best = out.logits[:, -1].topk(2)
        for row, (token, values) in enumerate(zip(best.indices[:, 0].tolist(), best.values)):
            if not going[row]:
                continue
            gaps[row].append(round((values[0] - values[1]).item(), 6))
            going[row] = token not in ends
            if going[row]:
                found[row].append(token)
        past, new, positions = out.past_key_values, best.indices[:, :1], positions[:, -1:] + 1
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
    return [{"prompt": prompt, "promptIds": own, "tokenIds": answer, "gaps": gap} for prompt, own, answer, gap in zip(prompts, ids, found, gaps)]


fixture = {
    "script": "scripts/make-greedy-fixture.py",
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    "tokens": TOKENS,
    "ends": sorted(ends),
    "answers": greedy(PROMPTS),
}
target = Path(__file__).resolve().parent.parent / "test/fixtures/greedy.json"
head = ",\n  ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fixture.items() if key != "answers")
rows = ",\n    ".join(json.dumps(answer, ensure_ascii=False) for answer in fixture["answers"])
target.write_text(f"{{\n  {head},\n  \"answers\": [\n    {rows}\n  ]\n}}\n", encoding="utf8")
print(len(PROMPTS), "prompts,", sum(len(answer["tokenIds"]) for answer in fixture["answers"]), "tokens, smallest gap", min(gap for answer in fixture["answers"] for gap in answer["gaps"]))
