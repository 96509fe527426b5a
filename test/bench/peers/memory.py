"""A memory M(z) = z + W1 gelu(W2 z) (Eq. 89, 91) and the write of a chunk of C tokens (Eq. 88, 90), for G copies.

W1 [G, O, H], W2 [G, H, D]; rows are tokens, [G, C, D]. Gates have O = 1 and no identity.
"""

import torch
from torch.nn.functional import gelu


def read(w1, w2, z):
    """M(z), and what the gradient needs again: W2 z and gelu(W2 z)."""
    pre = z @ w2.mT
    hidden = gelu(pre)
    out = hidden @ w1.mT
    return (out + z if out.shape[-1] == z.shape[-1] else out), pre, hidden


def recall(w1, w2, z):
    return read(w1, w2, z)[0]


def solver(k, eta, log_alpha):
    """What keys and gates fix for every memory that is written with them. eta, log_alpha [G, C]."""
    log_a = log_alpha.cumsum(1)
    log_before = log_a - log_alpha
    ratio = torch.exp((log_before[:, :, None] - log_a[:, None, :]).clamp(max=0))
    system = (eta[:, :, None] * (k @ k.mT) * ratio).tril(-1)
    return {
        "k": k,
        "eta": eta[:, :, None],
        "system": system,
        "before": log_before.exp()[:, :, None],
        "after": (log_a[:, -1:] - log_a).exp()[:, :, None],
        "retention": log_a[:, -1].exp()[:, None, None],
    }


def write(w1, w2, chunk, v, query=None, ceiling=1.0):
    """W1, W2 after a chunk whose target is v̂ = M(v), with the gradient of ‖M(k) − v̂‖² at the weights before it,
    scaled down to the ceiling, and M(query) of before. The recurrence of W2 is a unit lower triangular system."""
    k = chunk["k"]
    tokens = k.shape[1]
    rows = torch.cat([k, v] if query is None else [k, v, query], 1)
    out, pre, hidden = read(w1, w2, rows)
    pre, hidden = pre[:, :tokens], hidden[:, :tokens]
    error = 2 * (out[:, :tokens] - out[:, tokens : 2 * tokens])
    delta = torch.ops.aten.gelu_backward(error @ w1, pre)

    def squared(x):
        return (x * x).sum(-1, keepdim=True)

    norm = squared(error) * squared(hidden) + squared(delta) * squared(k)
    scale = (ceiling * torch.rsqrt(norm + 1e-12)).clamp(max=1)
    right = chunk["eta"] * (chunk["before"] * pre + scale * delta)
    u = torch.linalg.solve_triangular(chunk["system"], right, upper=False, unitriangular=True)
    rates = chunk["after"] * chunk["eta"] * scale
    w1_after = (chunk["retention"] * w1).baddbmm_((rates * error).mT, hidden, alpha=-1)
    w2_after = (chunk["retention"] * w2).baddbmm_((chunk["after"] * u).mT, k, alpha=-1)
    return w1_after, w2_after, out[:, 2 * tokens :]
