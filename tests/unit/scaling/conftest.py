"""Tables of losses with a known law, and documents whose noise is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tenbin.evaluation.documents import write_documents
from tenbin.evaluation.losses import clustered_standard_error
from tenbin.evaluation.table import LOSS_COLUMNS, RUN_COLUMNS, collect_losses
from tenbin.files import record_file, write_json

SIZES = {"d16l1": 3_312, "d32l1": 12_768, "d64l2": 100_096, "d128l4": 793_344, "d256l8": 6_318_592}
NUM_DOCUMENTS = 200


@dataclass
class Table:
    """A written losses table and what lies beside it."""

    csv: Path
    record: Path
    documents: list[Path] = field(default_factory=list)


@pytest.fixture
def write_table(tmp_path: Path) -> Callable[..., Table]:
    """Return a function that writes losses of mixes by laws, with documents that all runs share."""

    def write(
        laws: dict[str, Callable[[float], float]], seeds: int = 2, seed_noise: float = 0.001, sizes: int = 5
    ) -> Table:
        rng = np.random.default_rng(7)
        targets = rng.integers(10, 80, NUM_DOCUMENTS).astype(float)
        hardness = np.exp(0.2 * rng.standard_normal(NUM_DOCUMENTS))
        hardness *= targets.sum() / (hardness * targets).sum()
        table = Table(tmp_path / "losses.csv", tmp_path / "losses.json")
        records = []
        for mix, law in laws.items():
            for size, n in list(SIZES.items())[:sizes]:
                for seed in range(seeds):
                    loss = law(n) * (1 + seed_noise * rng.standard_normal())
                    own = 0.01 * rng.standard_normal(NUM_DOCUMENTS)
                    nats = targets * loss * hardness * (1 + own - (own * hardness * targets).sum() / targets.sum())
                    folder = tmp_path / mix / size / f"seed{seed}"
                    records.append(_write_losses(folder, (mix, size, n, seed), nats, targets))
                    table.documents.append(folder / "en.documents.parquet")
        collect_losses(records, table.csv, table.record)
        return table

    return write


def _write_losses(folder: Path, run: tuple[str, str, int, int], nats: np.ndarray, targets: np.ndarray) -> Path:  # type: ignore[type-arg]
    mix, size, n, seed = run
    write_documents(folder / "en.documents.parquet", _by_script(nats, targets))
    row = dict.fromkeys((*RUN_COLUMNS, *LOSS_COLUMNS), 1) | {
        "mix": mix, "size": size, "schedule": "s100", "seed": seed, "valid": "en", "lang": "en", "steps": 100,
        "in_domain": True, "n_nonembedding": n, "n_total": n + 4096 * 32, "tokens_per_corpus": {"english": 10},
        "loss_nats_per_token": float(nats.sum() / targets.sum()),
        "loss_stderr": clustered_standard_error(nats, targets),
        "bits_per_byte": float(nats.sum() / targets.sum() / math.log(2) / 3),
    }  # fmt: skip
    path = folder / "en.json"
    write_json(path, {**row, "files": {"documents": record_file(folder / "en.documents.parquet")}})
    return path


def _by_script(nats: np.ndarray, targets: np.ndarray) -> pa.Table:  # type: ignore[type-arg]
    """Return rows of which four fifths of the targets and nine tenths of the nats are of Latin letters."""
    columns = {
        "document": np.repeat(np.arange(len(nats)), 2),
        "script": ["latin", "other"] * len(nats),
        "targets": np.outer(targets, [0.8, 0.2]).ravel(),
        "nats": np.outer(nats, [0.9, 0.1]).ravel(),
        "bytes": np.outer(targets, [2.4, 0.6]).ravel(),
    }
    return pa.table(columns)
