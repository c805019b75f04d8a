"""Training speed and memory on one thread against transformers' GPTNeoXForCausalLM in a plain loop.

Each measurement is a process of its own; the two take turns, and ratios are of neighbours.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

SHAPES = {"e3": (16, 1, 2), "d64l1": (64, 1, 4), "d192l1": (192, 1, 6)}
VOCABULARY, SEQUENCE_LENGTH, BATCH_SIZE = 4096, 256, 16
ROUNDS = 5


def measure() -> list[tuple[str, str, str]]:
    """Return, per shape, our tokens per second and memory over the plain loop's."""
    return [compare(name) for name in SHAPES]


def compare(name: str) -> tuple[str, str, str]:
    """Return the row of one shape."""
    pairs = [(probe(name, "tenbin"), probe(name, "transformers")) for _ in range(ROUNDS)]
    speed = median(ours["tokens_per_second"] / theirs["tokens_per_second"] for ours, theirs in pairs)
    memory = median(ours["peak_mb"] / theirs["peak_mb"] for ours, theirs in pairs)
    ours = median(ours["tokens_per_second"] for ours, _ in pairs)
    figure = f"training {name} at vocabulary {VOCABULARY}, one thread, over plain transformers"
    return figure, f"{speed:.2f} x the speed ({ours:,.0f} tokens/s), {memory:.2f} x the memory", "faster, smaller"


def probe(name: str, program: str) -> dict[str, float]:
    """Measure one program in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("training_probe.py")), program, *map(str, SHAPES[name])]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result
