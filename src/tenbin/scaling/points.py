"""Points of scaling curves: the rows of a losses table, checked and grouped.

A curve is one training mix at one schedule measured on one validation set; its points are sizes, and
each size has one loss a seed. Only a few columns are asked for, so that a table written by another
program can be fitted too.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tenbin.errors import UserError
from tenbin.files import read_json, verify_file

REQUIRED = ("mix", "valid", "loss_nats_per_token")
DEFINITIONS = ("n_nonembedding", "n_total")
"""The two ways to count parameters: without and with the input and output embeddings."""


class RunId(NamedTuple):
    """One training run, by the ids of what decides it."""

    mix: str
    size: str
    schedule: str
    seed: int


@dataclass(frozen=True)
class Point:
    """One run's loss on one validation set, in nats per token."""

    run: RunId
    valid: str
    language: str
    n: Mapping[str, float]
    """Number of parameters by definition."""
    loss: float
    loss_stderr: float | None
    bits_per_byte: float | None
    steps: int | None
    bits_per_char: float | None = None
    tokens: float | None = None
    """Training tokens seen."""
    flops: float | None = None
    """Training FLOPs."""


@dataclass(frozen=True)
class SizePoints:
    """The runs of one size of a curve, ordered by seed."""

    size: str
    n: Mapping[str, float]
    points: tuple[Point, ...]

    @property
    def mean_loss(self) -> float:
        """Return the mean over seeds (nats/token)."""
        return math.fsum(point.loss for point in self.points) / len(self.points)


@dataclass(frozen=True)
class Curve:
    """One mix at one schedule on one validation set: its sizes, smallest first."""

    mix: str
    schedule: str
    valid: str
    sizes: tuple[SizePoints, ...]

    @property
    def points(self) -> list[Point]:
        """Return all points, smallest size first."""
        return [point for size in self.sizes for point in size.points]

    @property
    def steps(self) -> int | None:
        """Return the training steps of its runs, where the table says them and they are equal."""
        steps = {point.steps for point in self.points}
        return steps.pop() if len(steps) == 1 else None


def read_points(table: Path, record: Path | None) -> list[Point]:
    """Read a losses table; with a record, verify it first.

    Raises UserError that names file, line and column for what no fit could use.
    """
    if record is not None:
        verify_file(table, read_json(record)["files"]["table"])
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            _check_columns(table, reader.fieldnames or ())
            points = [_parse(row, f"{table}, line {reader.line_num}") for row in reader]
    except FileNotFoundError:
        raise UserError(f"{table} is missing; name an existing losses table") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table} is no UTF-8 CSV file ({error}); write it anew") from None
    _check_unique(table, points)
    return points


def group_curves(points: Sequence[Point]) -> list[Curve]:
    """Return the curves among points, by mix and schedule."""
    keys = sorted({(p.run.mix, p.run.schedule, p.valid) for p in points})
    return [Curve(*key, sizes=_group_sizes(points, key)) for key in keys]


def _group_sizes(points: Sequence[Point], key: tuple[str, str, str]) -> tuple[SizePoints, ...]:
    groups: dict[tuple[float | str, ...], list[Point]] = {}
    those = [point for point in points if (point.run.mix, point.run.schedule, point.valid) == key]
    for point in sorted(those, key=lambda point: (_counts(point), point.run)):
        groups.setdefault((*_counts(point), point.run.size), []).append(point)
    return tuple(SizePoints(group[0].run.size, group[0].n, tuple(group)) for group in groups.values())


def _counts(point: Point) -> tuple[float, ...]:
    return tuple(point.n.get(definition, 0.0) for definition in DEFINITIONS)


def _check_columns(table: Path, columns: Sequence[str]) -> None:
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise UserError(f"{table}, line 1: no column {', '.join(missing)}; a losses table needs {', '.join(REQUIRED)}")
    if not set(DEFINITIONS) & set(columns):
        raise UserError(f"{table}, line 1: no column n_nonembedding or n_total; give at least one count of parameters")


def _parse(row: Mapping[str, str], where: str) -> Point:
    n = {name: _as_count(_positive(row, name, where)) for name in DEFINITIONS if row.get(name)}
    if not n:
        raise UserError(f"{where}: neither n_nonembedding nor n_total has a value; give the number of parameters")
    size = row.get("size") or f"n{next(iter(n.values())):.0f}"
    seed = int(_number(row, "seed", where)) if row.get("seed") else 0
    return Point(
        run=RunId(row["mix"], size, row.get("schedule") or "", seed),
        valid=row["valid"],
        language=row.get("lang") or "",
        n=n,
        loss=_positive(row, "loss_nats_per_token", where),
        loss_stderr=_number(row, "loss_stderr", where) if row.get("loss_stderr") else None,
        bits_per_byte=_positive(row, "bits_per_byte", where) if row.get("bits_per_byte") else None,
        steps=int(_number(row, "steps", where)) if row.get("steps") else None,
        **{name: _positive(row, name, where) for name in ("bits_per_char", "tokens", "flops") if row.get(name)},
    )


def _positive(row: Mapping[str, str], column: str, where: str) -> float:
    value = _number(row, column, where)
    if value <= 0:
        raise UserError(f"{where}: {column} is {row[column]}; it must be above 0")
    return value


def _as_count(value: float) -> float:
    """Return a whole number as int, so that it is written as one."""
    return int(value) if value.is_integer() else value


def _number(row: Mapping[str, str], column: str, where: str) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where}: {column} is {row[column]!r}; it must be a finite number")
    return value


def _check_unique(table: Path, points: Sequence[Point]) -> None:
    seen: set[tuple[RunId, str]] = set()
    for point in points:
        key = (point.run, point.valid)
        if key in seen:
            raise UserError(f"{table}: two rows for {' '.join(map(str, key[0]))} on {key[1]}; keep one")
        seen.add(key)
