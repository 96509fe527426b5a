"""Answers requests of the bench, one JSON object a line: {"do": name, ...} by the handler of that name."""

import json
import sys
import time


def serve(handlers):
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(handlers[request["do"]](request)), flush=True)


def timed(body):
    """Seconds on the clock and of processor time that body takes."""
    clock, processor = time.perf_counter(), time.process_time()
    body()
    return {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}
