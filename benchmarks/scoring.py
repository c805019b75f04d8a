"""Scoring held-out text: tokens per second against forward passes of the peers, and its share of a run.

An evaluation scores the in-domain and out-of-domain sets of both languages once, after the last step. Its share of the
run follows from the tokens of each and the two speeds, both measured here on one core at batches of 8,192 tokens; the
embedded study trains on batches of 1,024, more slowly, so that the share is an upper bound there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contest import Result, best, compete
from settings import Setting
from shapes import EMBEDDED_VOCABULARY, PUBLISHED_VOCABULARY, SIZES, work_of
from tables import Row, compare, describe
from training import OURS, OURS_IN_FP32, PLAIN_TRANSFORMERS, token_files

ROUNDS = 5
PEERS = (
    PLAIN_TRANSFORMERS,
    Setting("huggingface", "bf16", compiled=True),
    Setting("nanogpt", "bf16", compiled=True),
)
GOAL, SHARE_GOAL = ">= 10 x transformers' forward pass", "< 2 %"


@dataclass(frozen=True)
class Tokens:
    """Tokens of a study's shortest run and of all its validation sets."""

    study: str
    vocabulary: int
    trained: int
    scored: int


STUDIES = (
    # The four sets of config.yaml as its tokenizer cuts them.
    Tokens("embedded", EMBEDDED_VOCABULARY, trained=500 * 4 * 256, scored=66_072 + 67_166 + 45_582 + 56_871),
    # expected_tokens of config/published.yaml.
    Tokens("published", PUBLISHED_VOCABULARY, trained=100_000 * 1536 * 2048, scored=350_000_000 + 314_000_000),
)


def measure(quick: bool = False) -> Iterator[Row]:
    """Yield all rows; if quick, those of one round of the smallest size."""
    sizes, rounds = (SIZES[:1], 1) if quick else (SIZES, ROUNDS)
    with token_files(PUBLISHED_VOCABULARY, EMBEDDED_VOCABULARY) as folder:
        for size in sizes:
            yield from measure_size(size, folder, rounds)
        for tokens in STUDIES:
            yield measure_share(tokens, folder, rounds)


def measure_size(size: str, folder: Path, rounds: int) -> list[Row]:
    """Return the rows of a size at the published vocabulary."""
    work = work_of("score", size, PUBLISHED_VOCABULARY)
    ours, plain, *others = results = compete(work, [OURS_IN_FP32, *PEERS], folder, rounds)
    return [
        compare(work, ours, plain, GOAL if size == "e3" else ""),
        compare(work, ours, best([plain, *others]), ""),
        *describe(work, results),
    ]


def measure_share(tokens: Tokens, folder: Path, rounds: int) -> Row:
    """Return the row of what an evaluation takes of the time of its run, on the smallest size."""
    score, train = (work_of(task, SIZES[0], tokens.vocabulary) for task in ("score", "train"))
    (scoring,) = compete(score, [OURS_IN_FP32], folder, rounds)
    (training,) = compete(train, [OURS], folder, rounds)
    figure = f"an evaluation of both languages over the training of its run, {tokens.study} study, {SIZES[0]}"
    return figure, tell_share(training, scoring, tokens), SHARE_GOAL


def tell_share(training: Result, scoring: Result, tokens: Tokens) -> str:
    """Return the seconds of scoring over those of training."""
    if not (training.rounds and scoring.rounds):
        return f"not measured: {training.failure or scoring.failure}"
    share = tokens.scored / scoring.rate("cpu_s") * training.rate("cpu_s") / tokens.trained
    return f"{share:.2%} ({tokens.scored:,} tokens scored, {tokens.trained:,} trained)"
