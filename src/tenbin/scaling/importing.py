"""Runs from anywhere become `losses.csv`: a mapping of columns, the units checked, nothing invented.

Published tables name their columns as they like and some give training FLOPs instead of tokens; then
D = C / 6N, with the N that the same row gives. What a table does not hold stays empty.
"""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tenbin.errors import UserError
from tenbin.evaluation.table import LOSS_COLUMNS, RUN_COLUMNS
from tenbin.files import write_bytes
from tenbin.scaling.tables import SPELLING, parse_number, read_table

COLUMNS = (*RUN_COLUMNS, *LOSS_COLUMNS)
REQUIRED = ("mix", "valid", "loss_nats_per_token")
COUNTS = ("n_nonembedding", "n_total")
LEAST = {"n_nonembedding": 100.0, "n_total": 100.0, "tokens": 1e4, "flops": 1e6, "loss_nats_per_token": 0.0}
"""What lies at or below was given in another unit, such as millions of parameters."""
UNITS = {
    "n_nonembedding": "parameters",
    "n_total": "parameters",
    "tokens": "tokens",
    "flops": "floating-point operations",
    "loss_nats_per_token": "nats per token",
}
FLOPS_PER_PARAMETER_AND_TOKEN = 6


class Imported(NamedTuple):
    """Numbers of rows."""

    written: int
    left_out: int


def import_losses(table: Path, columns: Mapping[str, str], constants: Mapping[str, str], out: Path) -> Imported:
    """Write a CSV of runs as losses.csv; rows without a loss or a number of parameters are left out and counted.

    `columns` names the table's column for a column of losses.csv, `constants` the value for all rows. Raises UserError
    that names file, line and column of what is missing or in another unit.
    """
    _check_request(columns, constants)
    read = read_table(table, list(columns.values()))
    everything = [_convert(row.cells, columns, constants, f"{table}, line {row.line}") for row in read]
    rows = [row for row in everything if row is not None]
    if not rows:
        raise UserError(f"{table}: no row has both a loss and a number of parameters; check --columns")
    write_bytes(out, _spell(rows).encode())
    return Imported(len(rows), len(everything) - len(rows))


def _check_request(columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    given = {*columns, *constants}
    if unknown := given - set(COLUMNS):
        raise UserError(f"losses.csv has no column {', '.join(sorted(unknown))}; it has {', '.join(COLUMNS)}")
    if missing := [column for column in REQUIRED if column not in given]:
        raise UserError(f"nothing given for {', '.join(missing)}; name a column by --columns or a value by --set")
    if not given & set(COUNTS):
        raise UserError(f"nothing given for {' or '.join(COUNTS)}; name a column of numbers of parameters by --columns")


def _convert(
    row: Mapping[str, str], columns: Mapping[str, str], constants: Mapping[str, str], where: str
) -> dict[str, str] | None:
    found = dict(constants) | {column: row[name] for column, name in columns.items()}
    numbers = {column: _number(found[column], column, where) for column in UNITS if found.get(column)}
    if not set(numbers) & set(COUNTS) or "loss_nats_per_token" not in numbers:
        return None
    if "flops" in numbers and "tokens" not in numbers:
        n = numbers.get("n_nonembedding") or numbers["n_total"]
        found["tokens"] = f"{numbers['flops'] / (FLOPS_PER_PARAMETER_AND_TOKEN * n):.0f}"
    return found


def _number(text: str, column: str, where: str) -> float:
    value = parse_number(text)
    if not math.isfinite(value) or value <= LEAST[column]:
        limit = f"a finite number of {UNITS[column]} above {LEAST[column]:g}, {SPELLING}"
        raise UserError(f"{where}: {column} is {text!r}; it must be {limit}")
    return value


def _spell(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
