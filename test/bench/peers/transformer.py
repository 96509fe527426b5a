"""A Transformer++: rotary positions, RMS norm, SwiGLU, tied head, no biases. 11.9 million parameters as called here."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, scaled_dot_product_attention, silu


class Layer(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.before = nn.RMSNorm(width)
        self.after = nn.RMSNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cosine, sine):
        batch, tokens, width = x.shape
        parts = self.qkv(self.before(x)).view(batch, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = (rotate(part, cosine, sine) for part in parts[:2])
        seen = scaled_dot_product_attention(q, k, parts[2], is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, tokens, width))
        gate, up = self.gate_up(self.after(x)).chunk(2, -1)
        return x + self.down(silu(gate) * up)


def rotate(x, cosine, sine):
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1)


class Transformer(nn.Module):
    def __init__(self, vocabulary, width=256, layers=12, heads=4, hidden=888):
        super().__init__()
        self.embed = nn.Parameter(0.04 * torch.randn(vocabulary, width))
        self.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        half = width // heads // 2
        self.register_buffer("frequencies", 10000 ** (-torch.arange(half) / half))

    def loss(self, ids, targets):
        angles = torch.arange(ids.shape[1])[:, None] * self.frequencies
        cosine, sine = angles.cos(), angles.sin()
        x = self.embed[ids]
        for layer in self.layers:
            x = layer(x, cosine, sine)
        return cross_entropy((self.norm(x) @ self.embed.mT).flatten(0, 1), targets.flatten())
