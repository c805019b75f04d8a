"""What one core of this machine can do: the rates that bound any program, each the best of several.

Matrix products in fp32 and bf16 by torch (oneDNN), square and at the shapes of the logits; exponentials; memory. What
follows from them for a size is in docs/speed.md.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tables import Row

REPEATS, SHORTEST_S = 7, 0.1
ROWS, COLUMNS = 8192, 50_304 // 8


def measure() -> list[Row]:
    """Return a row for each rate, from a process of one thread."""
    command = [sys.executable, str(Path(__file__))]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    lines = [line.split("\t") for line in printed.splitlines()]
    return [(f"ceiling, one core: {figure}", rate, "") for figure, rate in lines]


def main() -> None:
    """Print the rates, a line each."""
    for dtype in (torch.float32, torch.bfloat16):
        for shape in ((2048, 2048, 2048), *((ROWS, width, COLUMNS) for width in (16, 64, 256))):
            name = f"{dtype} product {' x '.join(map(str, shape))}"
            print(f"{name}\t{multiply(dtype, *shape) / 1e9:,.0f} GFLOP/s")
    print(f"fp32 exponentials within the cache\t{exponentiate() / 1e9:.2f} G/s")
    print(f"copying 256 MiB, read and written\t{copy() / 1e9:.1f} GB/s")


def multiply(dtype: torch.dtype, rows: int, inner: int, columns: int) -> float:
    """Return the operations per second of a product, an addition and a multiplication each one."""
    left, right = torch.randn(rows, inner).to(dtype), torch.randn(inner, columns).to(dtype)
    out = torch.empty(rows, columns, dtype=dtype)
    return 2 * rows * inner * columns / best_seconds(lambda: torch.mm(left, right, out=out))


def exponentiate() -> float:
    """Return exponentials per second."""
    values, out = torch.randn(1 << 14), torch.empty(1 << 14)
    return len(values) / best_seconds(lambda: torch.exp(values, out=out))


def copy() -> float:
    """Return bytes per second, both ways."""
    source, target = torch.zeros(1 << 26), torch.zeros(1 << 26)
    return 2 * source.nbytes / best_seconds(lambda: target.copy_(source))


def best_seconds(work: Callable[[], object]) -> float:
    """Return the shortest mean seconds of a call, over repeated windows of processor time."""
    work()
    return min(mean_seconds(work) for _ in range(REPEATS))


def mean_seconds(work: Callable[[], object]) -> float:
    """Return processor seconds a call over a window."""
    started, calls = time.process_time(), 0
    while (seconds := time.process_time() - started) < SHORTEST_S:
        work()
        calls += 1
    return seconds / calls


if __name__ == "__main__":
    main()
