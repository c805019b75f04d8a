"""Run every benchmark and write one table: what was measured, beside what was wanted."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import ceilings
import cutting
import fitting
import pjm
import plan
import planning
import scoring
import study
import thousand
import tokenizing
import training
from machine import describe_machine

Row = tuple[str, str, str]
BENCHMARKS: dict[str, Callable[[], Iterable[Row]]] = {
    "ceilings": ceilings.measure,
    "training": training.measure,
    "two-cores": training.measure_two_cores,
    "paths": training.measure_kernel_paths,
    "scoring": scoring.measure,
    "tokenizing": tokenizing.measure,
    "fitting": fitting.measure,
    "thousand": thousand.measure,
    "study": study.measure,
    "planning": planning.measure,
    "plan": plan.measure,
    "cutting": cutting.measure,
    "pjm": pjm.measure,
}
QUICK: dict[str, Callable[[], Iterable[Row]]] = {
    "training": partial(training.measure, quick=True),
    "scoring": partial(scoring.measure, quick=True),
}
RESULTS = Path(__file__).with_name("results")
STARTED = time.strftime("%Y%m%dT%H%M%S")


def main() -> None:
    """Run the chosen benchmarks; print their rows and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*BENCHMARKS, []], help="benchmarks to run (all)")
    parser.add_argument("--quick", action="store_true", help="a round of the smallest, to see whether they run")
    arguments = parser.parse_args()
    chosen = arguments.only or list(BENCHMARKS)
    benchmarks = BENCHMARKS | QUICK if arguments.quick else BENCHMARKS
    rows: list[Row] = []
    machine = describe_machine()
    print(f"{machine}\n")
    for name in chosen:
        rows.extend(show(benchmarks[name]()))
        if not arguments.quick:
            keep(machine, rows, chosen)


def show(rows: Iterable[Row]) -> Iterator[Row]:
    """Print rows as they come, for they take hours together."""
    for row in rows:
        print(spell(row), flush=True)
        yield row


def spell(row: Row) -> str:
    """Return a row of the table."""
    return f"| {' | '.join(row)} |"


def keep(machine: str, rows: list[Row], chosen: list[str]) -> None:
    """Write the table so far, for readers and for programs."""
    table = "\n".join(["| figure | measured | goal |", "|---|---|---|", *map(spell, rows)])
    RESULTS.mkdir(exist_ok=True)
    name = f"{STARTED}-{'-'.join(chosen)}"
    (RESULTS / f"{name}.md").write_text(f"{machine}\n\n{table}\n", encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine, "rows": rows}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
