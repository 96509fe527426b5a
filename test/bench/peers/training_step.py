"""Pre-training steps with AdamW and a clipped gradient: `training_step.py THREADS hope|transformer CONFIG`."""

import json
import sys

import torch

from hope import Hope
from serve import serve, timed
from transformer import Transformer

threads, kind, config = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(1)
model = Hope(config) if kind == "hope" else Transformer(config["vocabulary"])
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1)


def step(request):
    rows, tokens = request["rows"], request["tokens"]
    ids = torch.randint(1, config["vocabulary"], (rows, tokens + 1))

    def body():
        optimizer.zero_grad()
        loss = model.loss(ids[:, :-1], ids[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()

    return timed(body)


def size(_):
    return {"parameters": sum(parameter.numel() for parameter in model.parameters())}


serve({"step": step, "size": size})
