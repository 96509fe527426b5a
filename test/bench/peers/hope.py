"""A Hope language model (Eq. 83 to 97), trained through its reads and writes. Shapes as in engine/model."""

import torch
from torch import nn
from torch.nn.functional import conv1d, cross_entropy, gelu, layer_norm, normalize, softplus

from memory import recall, solver, write

PROJECTIONS = ("k", "v", "eta", "alpha")


def normal(scale, *shape):
    return nn.Parameter(scale * torch.randn(shape))


class ContinuumLevel(nn.Module):
    """x + W_b gelu(W_a LN(x) + b_a) + b_b."""

    def __init__(self, width, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)

    def forward(self, x):
        return x + self.contract(gelu(self.expand(self.norm(x))))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        width, heads = config["width"], config["heads"]
        inner = width // heads
        self.norm = nn.LayerNorm(width)
        nn.init.constant_(self.norm.weight, inner**-0.5)
        self.convolution = nn.Parameter(torch.zeros(width, 1, config["convolution"]))
        nn.init.ones_(self.convolution[..., -1].data)
        self.query = normal(width**-0.5, width, width)
        self.output = normal(width**-0.5, width, width)
        out_widths = {"k": inner, "v": inner, "eta": 1, "alpha": 1, "memory": inner}
        self.w1 = nn.ParameterDict({n: normal(0.5 * inner**-0.5, heads, o, inner) for n, o in out_widths.items()})
        self.w2 = nn.ParameterDict({n: normal(inner**-0.5, heads, inner, inner) for n in out_widths})
        hidden = width * config["cms"]["hidden_multiplier"]
        self.cms = nn.ModuleList(ContinuumLevel(width, hidden) for _ in config["cms"]["periods"])

    def inputs(self, x):
        """What the memories read and are asked, [B × H, T, D / H]. x [B, T, D]."""
        taps = self.convolution.shape[-1]
        normed = nn.functional.pad(self.norm(x).mT, (taps - 1, 0))
        seen = conv1d(normed, self.convolution, groups=x.shape[-1]).mT
        return self.split(seen), normalize(self.split(seen @ self.query.mT), dim=-1)

    def split(self, x):
        batch, tokens, width = x.shape
        heads = self.config["heads"]
        return x.reshape(batch, tokens, heads, width // heads).transpose(1, 2).flatten(0, 1)

    def generate(self, memories, x):
        """k, v, η, log α (Eq. 84)."""
        titans = self.config["titans"]
        k, v, eta, alpha = (recall(*memories[name], x) for name in PROJECTIONS)
        eta = titans["eta_scale"] * softplus(eta[..., 0] + titans["eta_bias"])
        log_alpha = -softplus(-(alpha[..., 0] + titans["alpha_bias"]))
        return normalize(k, dim=-1), v, eta.clamp(max=titans["eta_ceiling"]), log_alpha

    def start(self, batch):
        return {n: (self.w1[n].repeat(batch, 1, 1), self.w2[n].repeat(batch, 1, 1)) for n in self.w1}

    def forward(self, x):
        batch, tokens, width = x.shape
        titans = self.config["titans"]
        other, period = titans["projections_period"], titans["memory_period"]
        seen, query = self.inputs(x)
        memories = self.start(batch)
        reads = []
        for first in range(0, tokens, period):
            recorded = []
            for at in range(first, min(first + period, tokens), other):
                k, v, eta, log_alpha = self.generate(memories, seen[:, at : at + other])
                recorded.append((k, v, eta, log_alpha))
                chunk = solver(k, eta, log_alpha)
                for name in PROJECTIONS:
                    memories[name] = write(*memories[name], chunk, v, ceiling=titans["gradient_ceiling"])[:2]
            k, v, eta, log_alpha = (torch.cat(parts, 1) for parts in zip(*recorded, strict=True))
            asked = query[:, first : first + period]
            w1, w2, out = write(*memories["memory"], solver(k, eta, log_alpha), v, asked, titans["gradient_ceiling"])
            memories["memory"] = w1, w2
            reads.append(out)
        out = torch.cat(reads, 1).unflatten(0, (batch, -1)).transpose(1, 2).reshape(batch, tokens, width)
        x = x + out @ self.output.mT
        for level in self.cms:
            x = level(x)
        return x


class Hope(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embed = normal(0.04, config["vocabulary"], config["width"])
        self.blocks = nn.ModuleList(Block(config) for _ in range(config["blocks"]))
        self.norm = nn.LayerNorm(config["width"])

    def loss(self, ids, targets):
        x = self.embed[ids]
        for block in self.blocks:
            x = block(x)
        hidden = layer_norm(x, x.shape[-1:], self.norm.weight, self.norm.bias)
        return cross_entropy((hidden @ self.embed.mT).flatten(0, 1), targets.flatten())
