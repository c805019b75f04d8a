"""Run every benchmark and write one table: what was measured, beside what was wanted."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import ceilings
import cutting
import pjm
import plan
import planning
import scoring
import study
import tokenizing
import training
from machine import describe_machine

Row = tuple[str, str, str]
BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "ceilings": ceilings.measure,
    "training": training.measure,
    "scoring": scoring.measure,
    "tokenizing": tokenizing.measure,
    "study": study.measure,
    "planning": planning.measure,
    "plan": plan.measure,
    "cutting": cutting.measure,
    "pjm": pjm.measure,
}
QUICK: dict[str, Callable[[], list[Row]]] = {
    "training": partial(training.measure, quick=True),
    "scoring": partial(scoring.measure, quick=True),
}
RESULTS = Path(__file__).with_name("results")


def main() -> None:
    """Run the chosen benchmarks and print and keep their rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BENCHMARKS, []], help="benchmarks to run (all)")
    parser.add_argument("--quick", action="store_true", help="a round of the smallest, to see whether they run")
    arguments = parser.parse_args()
    chosen = arguments.only or list(BENCHMARKS)
    benchmarks = BENCHMARKS | QUICK if arguments.quick else BENCHMARKS
    machine = describe_machine()
    rows = [row for name in chosen for row in benchmarks[name]()]
    table = "\n".join(["| figure | measured | goal |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
    print(f"\n{machine}\n\n{table}")
    if not arguments.quick:
        keep(machine, rows, table, chosen)


def keep(machine: str, rows: list[Row], table: str, chosen: list[str]) -> None:
    """Write the table for readers and for programs."""
    RESULTS.mkdir(exist_ok=True)
    name = f"{time.strftime('%Y%m%dT%H%M%S')}-{'-'.join(chosen)}"
    (RESULTS / f"{name}.md").write_text(f"{machine}\n\n{table}\n", encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine, "rows": rows}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
