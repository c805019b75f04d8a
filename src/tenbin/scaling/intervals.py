"""Intervals from what was repeated: validation documents and seeds, never the handful of sizes.

Resampling sizes would change which curve is asked for: with six sizes a quarter of all resamples have
fewer than four. Instead the whole estimate is made anew, many times, from other draws of
- documents: each replicate draws the validation set's documents with replacement, the same draw for
  all runs, since the same text measures all (a paired, clustered bootstrap; Efron and Tibshirani 1993);
- seeds: each replicate draws a size's seeds with replacement, sizes apart from one another. The draw
  depends on the size alone, so that curves of the same seeds stay paired.
Where a run has no table of its documents, its loss gets Gaussian noise of its standard error instead,
independent between runs, which widens whatever compares runs.
Intervals are the central 95 % of the replicates.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenbin.errors import UserError
from tenbin.evaluation.documents import DocumentTotals, read_document_totals
from tenbin.files import read_json, verify_file
from tenbin.scaling.forms import FloatArray
from tenbin.scaling.points import Point, RunId

NUM_REPLICATES = 1000
CONFIDENCE = 0.95
SEED = 20_240_229
DRAWS_PER_CHUNK = 1 << 22
DOCUMENTS_SUFFIX = ".documents.parquet"
LOSS_AGREEMENT = 1e-9

DocumentTables = Mapping[tuple[RunId, str], DocumentTotals]
"""Documents' losses by run and validation set."""


@dataclass(frozen=True)
class ReplicatedLosses:
    """Losses (nats/token) of runs on one validation set under other draws of its documents."""

    losses: Mapping[RunId, FloatArray]
    """(replicates,) by run."""
    sources: Mapping[RunId, str]
    """Where a run's document noise comes from: `documents`, `loss_stderr` or `none`."""
    num_documents: int | None

    def source(self, points: Iterable[Point]) -> str:
        """Return where the document noise of some runs comes from, in one word or several joined by `+`."""
        return "+".join(sorted({self.sources[point.run] for point in points}))


def read_document_tables(paths: Sequence[Path], points: Sequence[Point]) -> DocumentTables:
    """Read tables of losses by document, each verified against the losses JSON beside it.

    Raises UserError if a table does not belong to the points.
    """
    losses = {(point.run, point.valid): point.loss for point in points}
    tables: dict[tuple[RunId, str], DocumentTotals] = {}
    for path in paths:
        key = identify(path)
        totals = read_document_totals(path)
        loss = float(totals.nats.sum() / totals.targets.sum())
        if key not in losses or abs(loss - losses[key]) > LOSS_AGREEMENT * loss:
            raise UserError(f"{path}: its loss, {loss!r}, is not in the losses table; collect the losses again")
        tables[key] = totals
    return tables


def replicate_losses(points: Sequence[Point], tables: DocumentTables) -> ReplicatedLosses:
    """Return the losses of all runs on one validation set under `NUM_REPLICATES` draws of documents."""
    known = {point.run: tables[point.run, point.valid] for point in points if (point.run, point.valid) in tables}
    losses = dict(zip(known, _resample_documents(list(known.values())), strict=True)) if known else {}
    sources = dict.fromkeys(known, "documents")
    for point in points:
        if point.run not in known:
            generator = random_generator(point.valid, *map(str, point.run))
            noise = generator.standard_normal(NUM_REPLICATES) * (point.loss_stderr or 0.0)
            losses[point.run] = np.maximum(point.loss + noise, point.loss / 10)
            sources[point.run] = "loss_stderr" if point.loss_stderr else "none"
    num_documents = len(next(iter(known.values())).targets) if known else None
    return ReplicatedLosses(losses, sources, num_documents)


def take_seeds(size: str, losses: Sequence[FloatArray]) -> FloatArray:
    """Return the losses (replicates, seeds) of each replicate's seeds; losses are (replicates,) by seed."""
    num_seeds = len(losses)
    draws = random_generator("seeds", size).integers(0, num_seeds, (NUM_REPLICATES, num_seeds))
    return np.take_along_axis(np.stack(losses, axis=1), draws, axis=1)


def random_generator(*names: str) -> np.random.Generator:
    """Return a generator that depends on these names alone, so that a further curve changes no other."""
    return np.random.default_rng([SEED, *(zlib.crc32(name.encode()) for name in names)])


def interval(replicates: FloatArray) -> list[float] | None:
    """Return both ends of the central 95 %; None if nothing was repeated, so that all replicates are equal."""
    if not np.ptp(replicates) > 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return [float(low), float(high)]


def identify(path: Path) -> tuple[RunId, str]:
    """Return run and validation set of a table of documents, by the verified JSON beside it."""
    if not path.name.endswith(DOCUMENTS_SUFFIX):
        raise UserError(f"{path}: a table of documents is named VALID{DOCUMENTS_SUFFIX}, with VALID.json beside it")
    record = read_json(path.with_name(path.name.removesuffix(DOCUMENTS_SUFFIX) + ".json"))
    verify_file(path, record["files"]["documents"])
    return RunId(record["mix"], record["size"], record["schedule"], record["seed"]), record["valid"]


def _resample_documents(tables: Sequence[DocumentTotals]) -> FloatArray:
    """Return losses (runs, replicates), the same documents drawn for all runs."""
    targets = tables[0].targets
    if any(not np.array_equal(table.targets, targets) for table in tables):
        raise UserError("tables of one validation set differ in their documents; score all runs on the same tokens")
    nats = np.stack([table.nats for table in tables])
    generator = random_generator("documents")
    chunks = []
    for size in _chunk_sizes(len(targets)):
        draws = generator.integers(0, len(targets), (size, len(targets)))
        cells = draws + np.arange(size)[:, None] * len(targets)
        times = np.bincount(cells.ravel(), minlength=size * len(targets)).reshape(size, -1).astype(np.float64)
        chunks.append(nats @ times.T / (times @ targets))
    return np.concatenate(chunks, axis=1)


def _chunk_sizes(num_documents: int) -> list[int]:
    size = max(1, min(NUM_REPLICATES, DRAWS_PER_CHUNK // num_documents))
    whole, rest = divmod(NUM_REPLICATES, size)
    return [size] * whole + [rest] * (rest > 0)
