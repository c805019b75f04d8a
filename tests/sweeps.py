"""Sweeps whose truth is known: the ratio law in two languages, three sizes, nine shares."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenbin.files import write_json

SHARES = tuple(i / 8 for i in range(9))
SIZES = {"small": 3_312, "middle": 50_112, "large": 198_528}
GAMMAS = {"en": 0.06, "ja": 0.09}
LEVELS = {"en": 12.0, "ja": 14.0}
ALPHA = 0.1
UNSEEN = 1.6
"""Times the loss at share 1, where a language was never seen."""
BITS = {"en": 0.5, "ja": 0.4}


def true_loss(language: str, n: float, p: float, gamma: float) -> float:
    """Return nats/token by the ratio law; finite at 0, as losses are."""
    level = LEVELS[language] * n**-ALPHA
    return float(level * p**-gamma) if p else level * UNSEEN


@dataclass(frozen=True)
class Study:
    """A losses table and the records of its mixes."""

    table: Path
    mixes: list[Path]


def write_sweep(
    folder: Path, *, shares: Sequence[float] = SHARES, noise: float = 0.0, seeds: Sequence[int] = (2, 2, 2)
) -> Study:
    """Write a sweep whose losses scatter by `noise` (relative); `seeds` says how many each size has."""
    generator = np.random.default_rng(5)
    mixes = [_write_mix(folder / f"x{i}.json", share) for i, share in enumerate(shares)]
    rows = []
    for (size, n), count in zip(SIZES.items(), seeds, strict=True):
        for i, share in enumerate(shares):
            for seed in range(count):
                for language, p in (("en", 1 - share), ("ja", share)):
                    loss = true_loss(language, n, p, GAMMAS[language]) * np.exp(noise * generator.standard_normal())
                    rows.append((f"x{i}", size, "it", seed, language, language, n, loss, loss * BITS[language], 500))
    return Study(_write_table(folder / "losses.csv", rows), mixes)


def _write_mix(path: Path, share: float) -> Path:
    weights = {"aen": ("en", 1 - share), "bja": ("ja", share)}
    write_json(path, {"corpora": {id_: {"language": lang, "weight": w} for id_, (lang, w) in weights.items() if w}})
    return path


def _write_table(path: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    columns = ("mix", "size", "schedule", "seed", "valid", "lang", "n_nonembedding", "loss_nats_per_token")
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerows([(*columns, "bits_per_byte", "steps"), *rows])
    return path
