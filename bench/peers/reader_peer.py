"""The reader's peer as a process: one JSON request a line on stdin, one JSON answer a line on stdout.

open     {weights, tokenizer, sizes, rates, threads}   → {version, instructionSet, baseBytes}
check    {documents, weights, gradients: FILE}         → {losses}   dropout off; the weighted gradient goes to the file
learn    {form, batches, weights, optimiser}           → {form}     makes a training step of that form ready
step     {batch: NUMBER}                               → {seconds, loss}
reading  {form, batch}                                 → {form}     makes reading in that form ready
read     {documents}                                   → {seconds, predictions}   words in, annotations out
memory   {}                                            → {peakBytes} of this process since it began
"""

from __future__ import annotations

import resource
import sys
import time
from contextlib import nullcontext

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from answer_lines import answer_lines
from reader_batches import predict, prepare, training_batch
from reader_twin import Reader, Sizes, gradients, load


def resident_bytes() -> int:
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
    except OSError:
        return 0


def precision(form: str):
    return torch.autocast("cpu", torch.bfloat16) if form == "bf16" else nullcontext()


def compile_blocks(model: Reader) -> None:
    """Compiles the encoder's blocks, where most of the work is. Compiling the span scorer too takes minutes and its lengths change with every batch."""
    for block in model.encoder.blocks:
        block.compile(dynamic=True)


class Peer:
    def open(self, weights, tokenizer, sizes, rates, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        base = resident_bytes()
        self.sizes, self.rates = Sizes(**sizes), rates
        self.tokenizer = Tokenizer.from_file(tokenizer)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.weights = weights
        return {"version": torch.__version__, "instructionSet": torch.backends.cpu.get_cpu_capability(), "baseBytes": base}

    def model(self, rates=()) -> Reader:
        model = Reader(self.sizes, *rates)
        load(model, load_file(self.weights))
        return model

    def prepared(self, documents):
        return [prepare(self.tokenizer, document, self.sizes) for document in documents]

    def weighted(self, model, batch, weights):
        losses = model.losses(batch)
        return sum(w * loss for w, loss in zip(weights, losses)) / len(batch.documents), losses

    def check(self, documents, weights, gradients: str):
        model = self.model().train()
        loss, losses = self.weighted(model, training_batch(self.prepared(documents), self.sizes), weights)
        loss.backward()
        save_file({name: value.contiguous() for name, value in gradients_of(model).items()}, gradients)
        return {"loss": loss.item(), "losses": [one.item() / len(documents) for one in losses]}

    def learn(self, form, batches, weights, optimiser):
        self.form, self.loss_weights, self.clip = form, weights, optimiser["clip"]
        self.learner = self.model([self.rates[key] for key in ("encoder", "tokens", "hidden")]).train()
        if form == "compiled":
            compile_blocks(self.learner)
        trained = [(name, p) for name, p in self.learner.named_parameters() if p.requires_grad]
        groups = {}
        for name, p in trained:
            rate = optimiser["encoderRate"] if name.startswith("encoder.") else optimiser["headRate"]
            groups.setdefault((rate, optimiser["decay"] if p.dim() > 1 else 0.0), []).append(p)
        self.parameters = [p for _, p in trained]
        self.adam = torch.optim.AdamW([{"params": ps, "lr": r, "weight_decay": d} for (r, d), ps in groups.items()], fused=True)
        self.batches = [self.prepared(documents) for documents in batches]
        return {"form": form}

    def step(self, batch):
        start = time.perf_counter()
        batch = training_batch(self.batches[batch], self.sizes)
        with precision(self.form):
            loss, _ = self.weighted(self.learner, batch, self.loss_weights)
        self.adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, self.clip, foreach=True)
        self.adam.step()
        value = loss.item()
        return {"seconds": time.perf_counter() - start, "loss": value}

    def reading(self, form, batch):
        self.form, self.batch = form, batch
        self.reader = self.model().eval()
        if form == "compiled":
            compile_blocks(self.reader)
        return {"form": form}

    def read(self, documents):
        start = time.perf_counter()
        prepared = self.prepared(documents)
        order = sorted(range(len(prepared)), key=lambda i: len(prepared[i].ids))
        found = [None] * len(prepared)
        with precision(self.form):
            for at in range(0, len(order), self.batch):
                rows = order[at : at + self.batch]
                for row, one in zip(rows, predict(self.reader, [prepared[i] for i in rows])):
                    found[row] = one
        return {"seconds": time.perf_counter() - start, "predictions": found}

    def memory(self):
        scale = 1 if sys.platform == "darwin" else 1024
        return {"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale}


gradients_of = gradients


if __name__ == "__main__":
    answer_lines(Peer())
