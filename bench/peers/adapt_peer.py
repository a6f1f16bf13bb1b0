"""Training steps of LoRA and LoRAMoE in PyTorch as a process: one JSON request a line on stdin, one JSON answer a line on stdout.

LoRA is PEFT's. LoRAMoE is written in its best form: the experts of a linear as one product for all A and one for all B, a softmax router, the balancing constraint of all linears at once.
"""

from __future__ import annotations

import os
import resource
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from answer_lines import answer_lines

OURS = {"gate_proj": "mlp.gate", "up_proj": "mlp.up", "down_proj": "mlp.down"}


class Experts(torch.nn.Module):
    """A frozen linear with a mixture of low-rank experts beside it."""

    def __init__(self, base, experts, rank, alpha, values):
        super().__init__()
        self.base, self.experts, self.rank, self.scale = base, experts, rank, alpha / rank
        self.a, self.b, self.route = (torch.nn.Parameter(values[part].clone()) for part in ("a", "b", "route"))
        self.shares = None

    def forward(self, x):
        shares = torch.softmax(F.linear(x, self.route), dim=-1, dtype=torch.float32).to(x.dtype)
        self.shares = shares
        narrow = F.linear(x, self.a).unflatten(-1, (self.experts, self.rank)) * shares.unsqueeze(-1)
        return self.base(x) + F.linear(narrow.flatten(-2), self.b) * self.scale


def balance(modules, groups, delta, membership, kinds):
    """The constraint as in src/adapt/balance.ts: variance over squared mean, faithful sign, added over linears."""
    experts = sum(groups)
    shares = torch.stack([module.shares for module in modules], -2).float()  # [batch, seq, linears, experts]
    received = torch.einsum("mbs,bsle->mle", membership, shares)
    group = torch.tensor([g for g, size in enumerate(groups) for _ in range(size)])
    wanted = torch.where(kinds[:, None] == group[None, :], 1 + delta, 1 - delta)
    z = received * wanted[:, None, :]
    mean = z.mean((0, 2))
    spread = ((z - mean[None, :, None]) ** 2).sum((0, 2)) / (z.shape[0] * experts - 1)
    return (spread / (mean**2 + 1e-10)).sum()


class Peer:
    def open(self, file, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        folder, name = os.path.split(file)
        self.model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
        self.model.requires_grad_(False)
        self.model.config.use_cache = False
        return {"version": torch.__version__}

    def learn(self, kind, form, options, values, batches, optimiser):
        self.kind, self.form, self.options, self.optimiser = kind, form, options, optimiser
        given = load_file(values)
        self.modules = []
        if kind == "lora":
            from peft import LoraConfig, get_peft_model

            config = LoraConfig(r=options["rank"], lora_alpha=options["alpha"], lora_dropout=0.0, target_modules=list(OURS), task_type="CAUSAL_LM")
            self.model = get_peft_model(self.model, config)
            self.names = {}
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    parts = name.split(".")
                    layer, module = parts[parts.index("layers") + 1], parts[parts.index("mlp") + 1]
                    ours = f"blocks.{layer}.{OURS[module]}.lora.{'a' if 'lora_A' in name else 'b'}"
                    parameter.data = given[ours].clone()
                    self.names[ours] = parameter
        else:
            self.names = {}
            for layer, block in enumerate(self.model.model.layers):
                for theirs, site in OURS.items():
                    own = f"blocks.{layer}.{site}.loramoe"
                    experts = Experts(
                        getattr(block.mlp, theirs), options["experts"], options["rank"], options["alpha"], {part: given[f"{own}.{part}"] for part in ("a", "b", "route")}
                    )
                    setattr(block.mlp, theirs, experts)
                    self.modules.append(experts)
                    self.names.update({f"{own}.{part}": getattr(experts, part) for part in ("a", "b", "route")})
        if form == "bf16":
            self.model.to(torch.bfloat16)
        self.model.train()
        self.forward = torch.compile(self.model) if form == "compiled" else self.model
        self.adam = torch.optim.AdamW(
            self.names.values(), lr=optimiser["learningRate"], betas=(optimiser["beta1"], optimiser["beta2"]), eps=optimiser["epsilon"], weight_decay=0.0
        )
        self.batches = [
            {
                "ids": torch.tensor(batch["ids"]),
                "kinds": torch.tensor(batch["kinds"]),
                "membership": torch.tensor(batch["membership"], dtype=torch.float32),
            }
            for batch in batches
        ]
        return {"trainable": sum(parameter.numel() for parameter in self.names.values())}

    def loss(self, batch):
        ids = batch["ids"]
        logits = self.forward(input_ids=ids).logits[:, :-1]
        loss = F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
        if self.kind == "lora":
            return loss, loss
        uneven = balance(self.modules, self.options["groups"], self.options["delta"], batch["membership"], batch["kinds"])
        return loss, loss + self.options["strength"] * uneven

    def step(self, batch):
        start = time.perf_counter()
        self.adam.zero_grad(set_to_none=True)
        loss, whole = self.loss(self.batches[batch])
        whole.backward()
        torch.nn.utils.clip_grad_norm_(self.names.values(), self.optimiser["clipNorm"])
        self.adam.step()
        return {"seconds": time.perf_counter() - start, "loss": whole.item()}

    def gradients(self, batch, names):
        """Loss, and gradients after clipping of some parameters, without a step."""
        self.adam.zero_grad(set_to_none=True)
        _, whole = self.loss(self.batches[batch])
        whole.backward()
        torch.nn.utils.clip_grad_norm_(self.names.values(), self.optimiser["clipNorm"])
        return {"loss": whole.item(), "gradients": {name: self.names[name].grad.float().flatten().tolist() for name in names}}

    def memory(self):
        return {"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


if __name__ == "__main__":
    answer_lines(Peer())
