"""The columns of a law, read from any CSV.

A mapping names the table's column for each variable (`n=params,d=tokens,loss=val_loss`); a filter keeps the rows of one
run family in a table of many. Everything a fit could trip over is refused here, with the line that holds it.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.laws.form import FloatArray, Form, Variable

LOSS = Variable("loss", "nats/token", must_vary=False)


@dataclass(frozen=True)
class Points:
    """The rows of a fit."""

    columns: dict[str, FloatArray]
    """Values (points,) by variable key."""
    losses: FloatArray
    """(points,), nats per token."""
    lines: list[int]
    """Line of each row in the table."""


def parse_pairs(text: str, what: str) -> dict[str, str]:
    """Return KEY=COLUMN,... as a mapping. Raises UserError that shows the spelling."""
    pairs = [pair.split("=", 1) for pair in text.split(",") if pair]
    if any(len(pair) != 2 or not all(pair) for pair in pairs) or len({pair[0] for pair in pairs}) < len(pairs):
        raise UserError(f"{what} {text!r} is not KEY=VALUE,KEY=VALUE with each key once")
    return {pair[0]: pair[1] for pair in pairs}


def read_points(table: Path, form: Form, names: Mapping[str, str], where: Mapping[str, str]) -> Points:
    """Read a table's rows that have the values in `where`; `names` gives columns that differ from the variable's key.

    Raises UserError that names file, line and column of what cannot be fitted.
    """
    variables = (*form.variables, LOSS)
    unknown = set(names) - {variable.key for variable in variables}
    if unknown:
        known = ", ".join(variable.key for variable in variables)
        raise UserError(f"{form.name} reads no {', '.join(sorted(unknown))}; it reads {known}")
    wanted = {variable.key: names.get(variable.key, variable.key) for variable in variables}
    lines, rows = _read_rows(table, [*wanted.values(), *where], where)
    values = {v.key: _numbers(table, lines, rows, wanted[v.key], v) for v in variables}
    _check_varied(table, form, values, wanted)
    losses = values.pop(LOSS.key)
    return Points(values, losses, lines)


def _read_rows(table: Path, columns: Sequence[str], where: Mapping[str, str]) -> tuple[list[int], list[dict[str, str]]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            _check_columns(table, columns, reader.fieldnames or ())
            numbered = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise UserError(f"{table} is missing; name an existing CSV file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{table} is no UTF-8 text ({error}); save it as UTF-8 CSV") from None
    except csv.Error as error:
        raise UserError(f"{table}, after line {reader.line_num}: no CSV ({error}); mend the quotes there") from None
    kept = [(line, row) for line, row in numbered if all(row[key] == value for key, value in where.items())]
    if not kept:
        conditions = ", ".join(f"{key}={value}" for key, value in where.items())
        raise UserError(f"{table} has no row{' with ' + conditions if where else 's'}; look at its columns' values")
    return [line for line, _ in kept], [row for _, row in kept]


def _check_columns(table: Path, columns: Sequence[str], there: Sequence[str]) -> None:
    missing = [column for column in dict.fromkeys(columns) if column not in there]
    if missing:
        raise UserError(
            f"{table}, line 1: no column {', '.join(missing)}; there are {', '.join(there) or 'none'}; "
            "name a variable's column by --columns KEY=COLUMN"
        )


def _numbers(
    table: Path, lines: Sequence[int], rows: Sequence[Mapping[str, str]], column: str, variable: Variable
) -> FloatArray:
    found = np.array([_number(row[column]) for row in rows])
    bound = "at or above 0" if variable.may_be_zero else "above 0"
    for line, row, value in zip(lines, rows, found, strict=True):
        if not math.isfinite(value) or value < 0 or (value == 0 and not variable.may_be_zero):
            raise UserError(f"{table}, line {line}: {column} is {row[column]!r}; it must be a finite number {bound}")
    return found


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _check_varied(table: Path, form: Form, values: Mapping[str, FloatArray], wanted: Mapping[str, str]) -> None:
    for variable in form.variables:
        if variable.must_vary and np.ptp(values[variable.key]) == 0:
            raise UserError(
                f"{table}: {wanted[variable.key]} is {values[variable.key][0]:g} in all {len(values[variable.key])} "
                f"rows, so {form.name} cannot be fitted; give rows that differ in it, or choose a form without it"
            )
