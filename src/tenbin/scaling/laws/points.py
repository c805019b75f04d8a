"""The columns of a law, read from any CSV.

A mapping names the table's column for each variable (`n=params,d=tokens,loss=val_loss`); a filter keeps the rows of one
run family in a table of many. Everything a fit could trip over is refused here, with the line that holds it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.laws.form import FloatArray, Form, Variable
from tenbin.scaling.tables import SPELLING, Row, parse_number, read_table

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
    rows = _read_rows(table, list(wanted.values()), where)
    values = {v.key: _numbers(table, rows, wanted[v.key], v) for v in variables}
    _check_varied(table, form, values, wanted)
    losses = values.pop(LOSS.key)
    return Points(values, losses, [row.line for row in rows])


def _read_rows(table: Path, columns: Sequence[str], where: Mapping[str, str]) -> list[Row]:
    rows = read_table(table, [*columns, *where])
    kept = [row for row in rows if all(row.cells[key] == value for key, value in where.items())]
    if not kept:
        conditions = ", ".join(f"{key}={value}" for key, value in where.items())
        raise UserError(f"{table} has no row{' with ' + conditions if where else 's'}; look at its columns' values")
    return kept


def _numbers(table: Path, rows: Sequence[Row], column: str, variable: Variable) -> FloatArray:
    found = np.array([parse_number(row.cells[column]) for row in rows])
    bound = "at or above 0" if variable.may_be_zero else "above 0"
    for (line, cells), value in zip(rows, found, strict=True):
        if not math.isfinite(value) or value < 0 or (value == 0 and not variable.may_be_zero):
            must = f"it must be a finite number {bound}, {SPELLING}"
            raise UserError(f"{table}, line {line}: {column} is {cells[column]!r}; {must}")
    return found


def _check_varied(table: Path, form: Form, values: Mapping[str, FloatArray], wanted: Mapping[str, str]) -> None:
    for variable in form.variables:
        if variable.must_vary and np.ptp(values[variable.key]) == 0:
            raise UserError(
                f"{table}: {wanted[variable.key]} is {values[variable.key][0]:g} in all {len(values[variable.key])} "
                f"rows, so {form.name} cannot be fitted; give rows that differ in it, or choose a form without it"
            )
