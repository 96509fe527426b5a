"""The key workload with a hand-written gradient: `key_workload.py THREADS INPUTS OUTPUTS SHAPE`.

INPUTS has W1, W2, then k, v, q of each chunk as float32; OUTPUTS gets what was read of each chunk, then W1 and W2.
"""

import array
import json
import math
import sys

import torch

from memory import solver, write
from serve import serve, timed

threads, inputs, outputs, shape = int(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
torch.set_num_threads(threads)
heads, width, hidden, tokens = (shape[name] for name in ("heads", "width", "hidden", "chunk"))
with open(inputs, "rb") as file:
    numbers = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
at = 0


def take(*sizes):
    global at
    first, at = at, at + math.prod(sizes)
    return numbers[first:at].reshape(sizes).clone()


start = take(heads, width, hidden), take(heads, hidden, width)
rows = (heads, tokens, width)
chunks = [(take(*rows), take(*rows), take(*rows)) for _ in range(shape["tokens"] // tokens)]
eta = torch.full((heads, tokens), shape["eta"])
log_alpha = torch.full((heads, tokens), math.log(shape["alpha"]))


@torch.no_grad()
def run():
    w1, w2 = start
    reads = []
    for k, v, query in chunks:
        w1, w2, out = write(w1, w2, solver(k, eta, log_alpha), v, query)
        reads.append(out)
    return reads, w1, w2


def check(_):
    reads, w1, w2 = run()
    with open(outputs, "wb") as file:
        for tensor in [*reads, w1, w2]:
            array.array("f", tensor.flatten().tolist()).tofile(file)
    return {}


def pace(request):
    return timed(lambda: [run() for _ in range(request["times"])])


serve({"check": check, "pace": pace})
