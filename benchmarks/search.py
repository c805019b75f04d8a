"""Every peer's best setting: each candidate by itself, and a table of all, the fastest first.

Run by hand when versions change (`python benchmarks/search.py`, an hour or two); the settings that win go into
`training.py` and `scoring.py`, the table into `docs/speed.md`. Ranks by processor time: candidates are no neighbours.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from contest import compete
from settings import Setting
from shapes import PUBLISHED_VOCABULARY, SIZES, SMALL_VOCABULARY, work_of, write_tokens
from tables import tell

ROUNDS = 2
BATCHES = (16, 4, 1)
NUMERICS = ("fp32", "bf16")
LOSSES = {"nanogpt": ("", "chunked", "native"), "litgpt": ("", "whole", "head")}


def main() -> None:
    """Measure the candidates of the chosen programs, sizes and vocabularies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", nargs="+", default=list(PROGRAMS), choices=PROGRAMS)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--vocabularies", nargs="+", type=int, default=[PUBLISHED_VOCABULARY, SMALL_VOCABULARY])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        write_tokens(Path(place), *chosen.vocabularies)
        for vocabulary in chosen.vocabularies:
            for size in chosen.sizes:
                search(size, vocabulary, chosen.programs, Path(place))


def search(size: str, vocabulary: int, programs: list[str], folder: Path) -> None:
    """Print the candidates of a size, ranked."""
    work = work_of("train", size, vocabulary)
    candidates = [setting for program in programs for setting in PROGRAMS[program]]
    results = [result for setting in candidates for result in compete(work, [setting], folder, ROUNDS)]
    print(f"\n{work}\n\n| setting | measured |\n|---|---|")
    for result in sorted(results, key=lambda result: -result.rate("cpu_s") if result.rounds else 0.0):
        print(f"| {result.setting} | {tell(result)} |", flush=True)


def candidates_of(program: str) -> list[Setting]:
    """Return a program in fp32 and bf16, compiled and not, in passes of several sizes, with each of its losses."""
    return [
        Setting(program, numerics, compiled, micro_batch, loss)
        for numerics in NUMERICS
        for compiled in (False, True)
        for micro_batch in BATCHES
        for loss in LOSSES.get(program, ("",))
    ]


PROGRAMS = {program: candidates_of(program) for program in ("nanogpt", "huggingface", "litgpt", "trainer", "deepspeed")}
PROGRAMS["litgpt"] += [replace(setting, numerics="bf16 weights") for setting in PROGRAMS["litgpt"] if setting.compiled]


if __name__ == "__main__":
    main()
