"""Run every benchmark and write one table of ratios."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import cutting
import pjm
import plan
import planning
import study
import training

Row = tuple[str, str, str]
BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "planning": planning.measure,
    "plan": plan.measure,
    "cutting": cutting.measure,
    "training": training.measure,
    "pjm": pjm.measure,
    "study": study.measure,
}
RESULTS = Path(__file__).with_name("results")
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")


def main() -> None:
    """Run the chosen benchmarks and print and keep their rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BENCHMARKS, []], help="benchmarks to run (all)")
    chosen = parser.parse_args().only or list(BENCHMARKS)
    rows = [row for name in chosen for row in BENCHMARKS[name]()]
    table = "\n".join(["| figure | measured | goal |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
    print(f"\n{describe_machine()}\n\n{table}")
    RESULTS.mkdir(exist_ok=True)
    name = f"{time.strftime('%Y%m%dT%H%M%S')}-{'-'.join(chosen)}"
    (RESULTS / f"{name}.md").write_text(f"{describe_machine()}\n\n{table}\n", encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": describe_machine(), "rows": rows}), encoding="utf-8")


def describe_machine() -> str:
    """Return versions, cores and processor flags in a line."""
    information = Path("/proc/cpuinfo")
    words = set(information.read_text().split()) if information.is_file() else set()
    flags = [flag for flag in FLAGS if flag in words]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "snakemake"))
    cores = os.cpu_count()
    return f"Python {platform.python_version()}, {versions}; {platform.machine()}, {cores} cores, {' '.join(flags)}"


if __name__ == "__main__":
    sys.exit(main())
