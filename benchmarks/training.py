"""Training: tokens per second and memory of ours against the best peers and against transformers as users run it.

The peers' settings here are the fastest that `search.py` found, on all sizes; which of them is best at a size the
measurement decides anew, and all are in the table.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contest import Place, best, compete
from settings import Setting
from shapes import PUBLISHED_VOCABULARY, SIZES, SMALL_VOCABULARY, work_of, write_tokens
from tables import Row, compare, compare_memory, describe

from tenbin.kernels.compiled import supported_paths

ROUNDS = 5
OURS = Setting("tenbin", "bf16")
OURS_IN_FP32 = Setting("tenbin")
FASTEST_PEER = (
    Setting("nanogpt", "bf16", compiled=True),
    Setting("nanogpt", "bf16", compiled=True, micro_batch=4),
)
BEST_PEERS = (
    *FASTEST_PEER,
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


def measure(quick: bool = False) -> Iterator[Row]:
    """Yield the rows of all sizes on one core; if quick, of a round of the smallest at the smaller vocabulary."""
    vocabularies, sizes, rounds = (PUBLISHED_VOCABULARY, SMALL_VOCABULARY), SIZES, ROUNDS
    if quick:
        vocabularies, sizes, rounds = (SMALL_VOCABULARY,), SIZES[:1], 1
    with token_files(*vocabularies) as folder:
        for vocabulary in vocabularies:
            for size in sizes:
                yield from measure_size(size, vocabulary, folder, rounds)


def measure_two_cores() -> Iterator[Row]:
    """Yield the rows of two threads, and of two runs side by side, against the better setting of the fastest peer."""
    if len(os.sched_getaffinity(0)) < 2:
        yield "training on two cores", "not measured: this machine has one", ""
        return
    with token_files(PUBLISHED_VOCABULARY, SMALL_VOCABULARY) as folder:
        for vocabulary, goals in GOALS.items():
            for size in SIZES:
                for place in (Place(1, 2), Place(2, 1)):
                    work = work_of("train", size, vocabulary)
                    ours, *peers = results = compete(work, [OURS, *FASTEST_PEER], folder, ROUNDS, place)
                    yield compare(work, ours, best(peers), goals[size], place)
                    yield from describe(work, results, place)


def measure_kernel_paths() -> Iterator[Row]:
    """Yield the rows of every kernel path that this processor can run, on the smallest size, and of torch's."""
    settings = [Setting("tenbin", path.rsplit("-", 1)[1], kernel=path) for path in supported_paths()]
    settings += [Setting("tenbin", numerics, kernel="torch") for numerics in ("fp32", "bf16")]
    work = work_of("train", SIZES[0], PUBLISHED_VOCABULARY)
    with token_files(PUBLISHED_VOCABULARY) as folder:
        *ours, peer = results = compete(work, [*settings, FASTEST_PEER[0]], folder, ROUNDS)
    yield from (compare(work, result, peer, "") for result in ours)
    yield from describe(work, results)


@contextmanager
def token_files(*vocabularies: int) -> Iterator[Path]:
    """Give a folder with token ids of these vocabularies for as long as the context lasts."""
    with tempfile.TemporaryDirectory() as place:
        write_tokens(Path(place), *vocabularies)
        yield Path(place)


def measure_size(size: str, vocabulary: int, folder: Path, rounds: int) -> list[Row]:
    """Return the rows of a size at a vocabulary, on one core."""
    work = work_of("train", size, vocabulary)
    results = compete(work, [OURS, OURS_IN_FP32, *BEST_PEERS, *AS_USERS_RUN_IT], folder, rounds)
    ours, in_fp32, *others = results
    peer, goal = best(others), GOALS_AGAINST_TRANSFORMERS[vocabulary].get(size, "")
    plain, trainer = others[-len(AS_USERS_RUN_IT) :]
    return [
        compare(work, ours, peer, GOALS[vocabulary][size]),
        compare(work, in_fp32, peer, ""),
        *(compare(work, ours, theirs, goal) for theirs in (plain, trainer)),
        compare_memory(work, ours, peer, "<= 0.33 x" if size == "e3" else ""),
        compare_memory(work, ours, plain, "<= 0.1 x" if size == "e3" else ""),
        *describe(work, results),
    ]
