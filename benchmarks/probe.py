"""One program at work in a process of its own, measured in windows that its starter asks for.

A program takes batches from an iterator that never ends; the iterator is where time is taken, so that the same
clock fits a loop of our own, transformers' Trainer and GPT-NeoX. Between windows the program waits inside the iterator
and takes no processor time. Talks in lines of JSON; whatever the program prints goes to stderr.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from settings import TOKENS_PER_BATCH, Setting, Work

WARM_UP_STEPS = 2
WINDOW_S = 2.5
"""Shortest window; at least one step."""

Report = Callable[[dict[str, float]], None]


def main() -> None:
    """Run the request that the first argument spells."""
    request: dict[str, Any] = json.loads(sys.argv[1])
    # Before torch is imported: its helper threads inherit it.
    os.sched_setaffinity(0, request["cores"])
    report = take_over_stdout()
    work, setting = Work(**request["work"]), Setting(**request["setting"])
    if setting.kernel:
        os.environ["TENBIN_KERNEL"] = setting.kernel
    import torch

    torch.set_num_threads(len(request["cores"]))
    batches = map(torch.from_numpy, cycle(np.load(request["tokens"])))
    run = getattr(import_module(f"peers.{setting.program}"), work.task)
    run(work, setting, windows(batches, report))


def take_over_stdout() -> Report:
    """Return a function that writes a line to stdout, where nothing else is written from now on."""
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lambda record: print(json.dumps(record), file=lines)


def windows(batches: Iterator[Any], report: Report) -> Iterator[Any]:
    """Hand out batches: to warm up, then one window for each line of stdin; report each, and exit after the last."""
    started = time.perf_counter()
    for _ in range(WARM_UP_STEPS):
        yield next(batches)
    warm = time.perf_counter()
    yield next(batches)
    steps = math.ceil(WINDOW_S / (time.perf_counter() - warm))
    report({"warm_up_s": warm - started})
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(steps):
            yield next(batches)
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
        report({"tokens": steps * TOKENS_PER_BATCH, "wall_s": wall_s, "cpu_s": cpu_s})
    report({"peak_mib": peak_mib()})
    # Out of whatever loop asks for the next batch: not every program knows an end of its data.
    sys.exit()


def peak_mib() -> float:
    """Return the largest resident memory of this very program; getrusage would count its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
