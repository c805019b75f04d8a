"""Training: tokens per second and memory of ours against the best peers and against transformers as users run it.

The peers' settings here are the fastest that `search.py` found, on all sizes; which of them is best at a size the
measurement decides anew, and all are in the table.
"""

import os
import tempfile
from pathlib import Path

from contest import Place, Result, best, compete
from settings import Setting
from shapes import PUBLISHED_VOCABULARY, SIZES, SMALL_VOCABULARY, work_of, write_tokens
from tables import Row, compare, compare_memory, describe

from tenbin.kernels.compiled import supported_paths

ROUNDS = 5
OURS = Setting("tenbin", "bf16")
OURS_IN_FP32 = Setting("tenbin")
BEST_PEERS = (
    Setting("nanogpt", "bf16", compiled=True),
    Setting("nanogpt", "bf16", compiled=True, micro_batch=4),
    Setting("huggingface", "bf16", compiled=True, micro_batch=4),
    Setting("litgpt", "bf16", compiled=True),
)
PLAIN_TRANSFORMERS = Setting("huggingface")
AS_USERS_RUN_IT = (PLAIN_TRANSFORMERS, Setting("trainer", micro_batch=8))

GOALS = {
    PUBLISHED_VOCABULARY: {"e3": ">= 14 x; >= 2.5 x without AMX", "e5": ">= 6 x", "e6": ">= 4 x"},
    SMALL_VOCABULARY: {"e3": ">= 8 x", "e5": ">= 3 x", "e6": ">= 1.8 x"},
}
GOALS_AGAINST_TRANSFORMERS = {
    PUBLISHED_VOCABULARY: {"e3": ">= 30 x", "e5": ">= 15 x", "e6": ">= 6 x"},
    SMALL_VOCABULARY: {},
}


def measure(quick: bool = False) -> list[Row]:
    """Return all rows; if quick, one round of the smallest size at the smaller vocabulary."""
    vocabularies, sizes, rounds = (PUBLISHED_VOCABULARY, SMALL_VOCABULARY), SIZES, ROUNDS
    if quick:
        vocabularies, sizes, rounds = (SMALL_VOCABULARY,), SIZES[:1], 1
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_tokens(folder, *vocabularies)
        rows = [
            row
            for vocabulary in vocabularies
            for size in sizes
            for row in measure_size(size, vocabulary, folder, rounds)
        ]
        return rows + measure_kernel_paths(vocabularies[0], folder, rounds)


def measure_size(size: str, vocabulary: int, folder: Path, rounds: int) -> list[Row]:
    """Return the rows of a size at a vocabulary, on one core and on two."""
    work = work_of("train", size, vocabulary)
    results = compete(work, [OURS, OURS_IN_FP32, *BEST_PEERS, *AS_USERS_RUN_IT], folder, rounds)
    ours, in_fp32, *others = results
    peer = best(others)
    plain = next(result for result in others if result.setting == PLAIN_TRANSFORMERS)
    return [
        compare(work, ours, peer, GOALS[vocabulary][size]),
        compare(work, in_fp32, peer, ""),
        compare(work, ours, plain, GOALS_AGAINST_TRANSFORMERS[vocabulary].get(size, "")),
        compare_memory(work, ours, peer, "<= 0.33 x" if size == "e3" else ""),
        compare_memory(work, ours, plain, "<= 0.1 x" if size == "e3" else ""),
        *describe(work, results),
        *measure_two_cores(size, vocabulary, peer, folder, rounds),
    ]


def measure_two_cores(size: str, vocabulary: int, peer: Result | None, folder: Path, rounds: int) -> list[Row]:
    """Return the rows of two threads, and of two runs side by side, against the peer that is best on one core."""
    if peer is None or len(os.sched_getaffinity(0)) < 2:
        return []
    work, rows = work_of("train", size, vocabulary), []
    for place in (Place(1, 2), Place(2, 1)):
        results = compete(work, [OURS, peer.setting], folder, rounds, place)
        rows += [compare(work, *results, GOALS[vocabulary][size], place), *describe(work, results, place)]
    return rows


def measure_kernel_paths(vocabulary: int, folder: Path, rounds: int) -> list[Row]:
    """Return the rows of every kernel path that this processor can run, on the smallest size, and of torch's."""
    work = work_of("train", SIZES[0], vocabulary)
    settings = [Setting("tenbin", path.rsplit("-", 1)[1], kernel=path) for path in supported_paths()]
    settings += [Setting("tenbin", numerics, kernel="torch") for numerics in ("fp32", "bf16")]
    *ours, peer = compete(work, [*settings, BEST_PEERS[0]], folder, rounds)
    return [compare(work, result, peer, "") for result in ours] + describe(work, [*ours, peer])
