"""PyTorch's side of bench/train-step.mjs: the same model, optimiser and batch, in PyTorch's own best settings.

Protocol: one JSON object a line on stdin, one answer a line on stdout.
  {"open": {"layers", "hiddenSize", "feedForwardSize", "heads", "contextLength", "vocabularySize", "batchSize", "norm", "variant", "threads", "clock"}}
      -> {"parameters": n}          builds (and for "compile" warms) the model; variant: "parts" | "sdpa" | "compile"
  {"steps": n}
      -> {"seconds": [n times], "loss": last}
"""

import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class DynamicTanh(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([0.5]))
        self.gain = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))

    def forward(self, x):
        return self.gain * torch.tanh(self.alpha * x) + self.bias


NORMS = {"layerNorm": nn.LayerNorm, "rmsNorm": lambda size: nn.RMSNorm(size, eps=1e-5), "dynamicTanh": DynamicTanh}


class Block(nn.Module):
    def __init__(self, spec):
        super().__init__()
        size, hidden = spec["hiddenSize"], spec["feedForwardSize"]
        self.heads, self.sdpa = spec["heads"], spec["variant"] != "parts"
        self.norm1, self.norm2 = NORMS[spec["norm"]](size), NORMS[spec["norm"]](size)
        self.qkv, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, hidden), nn.Linear(hidden, size)

    def forward(self, x, hidden_future):
        batch, time_, size = x.shape
        split = lambda t: t.view(batch, time_, self.heads, size // self.heads).transpose(1, 2)
        q, k, v = map(split, self.qkv(self.norm1(x)).split(size, 2))
        if self.sdpa:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(size // self.heads))
            mixed = F.softmax(scores.masked_fill(hidden_future, float("-inf")), -1) @ v
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, time_, size))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Model(nn.Module):
    def __init__(self, spec):
        super().__init__()
        size, context = spec["hiddenSize"], spec["contextLength"]
        self.tokens = nn.Embedding(spec["vocabularySize"], size)
        self.positions = nn.Embedding(context, size)
        self.blocks = nn.ModuleList(Block(spec) for _ in range(spec["layers"]))
        self.norm = NORMS[spec["norm"]](size)
        self.head = nn.Linear(size, spec["vocabularySize"], bias=False)
        self.register_buffer("hidden_future", torch.triu(torch.ones(context, context, dtype=torch.bool), 1))

    def forward(self, ids, targets):
        x = self.tokens(ids) + self.positions.weight
        for block in self.blocks:
            x = block(x, self.hidden_future)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


class Session:
    def __init__(self, spec):
        torch.set_num_threads(spec["threads"])
        torch.manual_seed(1)
        self.model = Model(spec)
        self.loss = torch.compile(self.model) if spec["variant"] == "compile" else self.model
        # fused=True is PyTorch's quickest AdamW on the CPU (one kernel over all parameters).
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=3e-4, weight_decay=0.01, fused=True)
        shape = (spec["batchSize"], spec["contextLength"])
        self.batches = [torch.randint(0, spec["vocabularySize"], (2, *shape)) for _ in range(4)]
        self.count = 0
        for _ in range(5):
            self.step()

    def step(self):
        ids, targets = self.batches[self.count % len(self.batches)]
        self.count += 1
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss(ids, targets)
        loss.backward()
        self.optimiser.step()
        return loss.item()


def main():
    session = None
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            session = Session(request["open"])
            clock = {"wall": time.perf_counter, "cpu": time.process_time}[request["open"]["clock"]]
            answer = {"parameters": sum(p.numel() for p in session.model.parameters()), "torch": torch.__version__}
        else:
            seconds = []
            for _ in range(request["steps"]):
                start = clock()
                loss = session.step()
                seconds.append(clock() - start)
            answer = {"seconds": seconds, "loss": loss}
        print(json.dumps(answer), flush=True)


main()
