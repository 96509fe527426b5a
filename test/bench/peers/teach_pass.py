"""The online update pass token by token, as the public re-implementation of Hope is built: `teach_pass.py THREADS CONFIG`.

After a forward pass over a stretch, δ = ∂loss/∂hidden of each token teaches every level. Tokens are taken one by one;
the weights of a CMS level are θ + Δθ, added up at each call, and automatic differentiation gives the gradient of
Σ ‖y − sg(y − δ)‖² over its full chunk (Eq. 71); the memories are written token by token (Eq. 88) with gradients at the
chunk's start from automatic differentiation, one token at a time.
"""

import json
import sys

import torch
from torch.func import functional_call

from hope import PROJECTIONS, Hope
from memory import recall
from serve import serve, timed

threads, config = int(sys.argv[1]), json.loads(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(1)
model = Hope(config).requires_grad_(False)
PERIODS = config["cms"]["periods"]
RATE = 1e-3


class FastBlock:
    """What the update pass changes of a block, and its open chunks."""

    def __init__(self, block):
        self.block = block
        self.memories = block.start(1)
        self.deltas = [{n: torch.zeros_like(p) for n, p in level.named_parameters()} for level in block.cms]
        self.projections, self.memory = [], []
        self.chunks = [[] for _ in block.cms]

    def token(self, seen, query, x, teach):
        titans = config["titans"]
        generated = self.block.generate(self.memories, seen)
        self.projections.append(generated)
        self.memory.append(generated)
        out = recall(*self.memories["memory"], query)
        if len(self.projections) == titans["projections_period"]:
            for name in PROJECTIONS:
                self.memories[name] = self.write(name, self.projections)
            self.projections = []
        if len(self.memory) == titans["memory_period"]:
            self.memories["memory"] = self.write("memory", self.memory)
            self.memory = []
        y = x + out.transpose(0, 1).reshape(1, 1, -1) @ self.block.output.mT
        for level, (module, delta) in enumerate(zip(self.block.cms, self.deltas, strict=True)):
            self.chunks[level].append((y, teach))
            weights = {name: p + delta[name] for name, p in module.named_parameters()}
            y = functional_call(module, weights, (y,))
            if len(self.chunks[level]) == PERIODS[level]:
                self.teach_level(level, weights)
                self.chunks[level] = []
        return y

    def teach_level(self, level, weights):
        rows, signals = (torch.cat(parts, 1) for parts in zip(*self.chunks[level], strict=True))
        with torch.enable_grad():
            leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
            y = functional_call(self.block.cms[level], leaves, (rows,))
            loss = (y - (y - signals).detach()).square().sum()
            gradients = torch.autograd.grad(loss, list(leaves.values()))
        for name, gradient in zip(leaves, gradients, strict=True):
            self.deltas[level][name] = self.deltas[level][name] - RATE * gradient

    def write(self, name, recorded):
        start = self.memories[name]
        w1, w2 = start
        for k, v, eta, log_alpha in recorded:
            with torch.enable_grad():
                leaves = [w.detach().requires_grad_() for w in start]
                target = recall(*start, v)
                loss = (recall(*leaves, k) - target).square().sum()
                g1, g2 = torch.autograd.grad(loss, leaves)
            norm = (g1.square().sum((1, 2)) + g2.square().sum((1, 2)) + 1e-12).sqrt()
            scale = (config["titans"]["gradient_ceiling"] / norm).clamp(max=1)[:, None, None]
            rate, alpha = eta[:, :, None], log_alpha.exp()[:, :, None]
            w1 = alpha * w1 - rate * scale * g1
            w2 = alpha * w2 - rate * (w2 @ k.mT) @ k - rate * scale * g2
        return w1, w2


@torch.no_grad()
def teach_signal(ids, targets):
    """δ of each token, [1, T, D]."""
    x = model.embed[ids]
    for block in model.blocks:
        x = block(x)
    logits = model.norm(x) @ model.embed.mT
    error = logits.softmax(-1)
    error.scatter_add_(-1, targets[..., None], torch.full_like(targets[..., None], -1, dtype=torch.float32))
    return error / ids.numel() @ model.embed


@torch.no_grad()
def update(ids, teach):
    fast = [FastBlock(block) for block in model.blocks]
    x = model.embed[ids]
    for block in fast:
        seen, query = block.block.inputs(x)
        outs = [
            block.token(seen[:, t : t + 1], query[:, t : t + 1], x[:, t : t + 1], teach[:, t : t + 1])
            for t in range(ids.shape[1])
        ]
        x = torch.cat(outs, 1)


def passes(request):
    ids = torch.randint(1, config["vocabulary"], (1, request["tokens"] + 1))
    teach = teach_signal(ids[:, :-1], ids[:, 1:])
    return timed(lambda: update(ids[:, :-1], teach))


serve({"passes": passes})
