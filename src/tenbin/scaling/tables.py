"""Tables that others wrote: any CSV of runs, refused with the line that cannot be meant.

Spreadsheets put a byte order mark first, spaces around names and empty rows last; none of these changes a number. A
separator that is no comma, or a comma inside a number, does: such a table is refused, never guessed at.
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tenbin.errors import UserError

OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
SPELLING = "written like 1234.5 or 1.2e6"
"""How numbers are written, for messages."""


class Row(NamedTuple):
    """One row of a table."""

    line: int
    """Of the file, counted from 1; the last one of a row that has several."""
    cells: dict[str, str]
    """Text by column, without the spaces around it; empty where the row ends early."""


def read_table(table: Path, columns: Sequence[str]) -> list[Row]:
    """Read the rows that hold anything, of a table that has `columns` and maybe others.

    Raises UserError that names file and line if there is no such table, a column is missing or there twice, or a row
    has more cells than there are columns.
    """
    (line, header), *rows = _read_lines(table)
    _check_columns(f"{table}, line {line}", header, columns)
    return [Row(line, _name_cells(f"{table}, line {line}", header, cells)) for line, cells in rows]


def parse_number(text: str) -> float:
    """Return the number that a cell holds, or NaN if it holds none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _read_lines(table: Path) -> list[tuple[int, list[str]]]:
    lines: list[tuple[int, list[str]]] = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            lines.extend((reader.line_num, [cell.strip() for cell in cells]) for cells in reader)
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{table} is missing or no file; name an existing CSV file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{table} is no UTF-8 text ({error}); save it as UTF-8 CSV") from None
    except csv.Error as error:
        last = lines[-1][0] if lines else 0
        raise UserError(f"{table}, after line {last}: no CSV ({error}); mend the quotes there") from None
    filled = [(line, cells) for line, cells in lines if any(cells)]
    if not filled:
        raise UserError(f"{table} is empty; its first line must name the columns")
    return filled


def _check_columns(where: str, header: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in dict.fromkeys(columns) if column not in header]
    if missing:
        raise UserError(f"{where}: no column {', '.join(missing)}; there are {', '.join(header)}; {_advise(header)}")
    if twice := [column for column in dict.fromkeys(columns) if header.count(column) > 1]:
        raise UserError(f"{where}: more than one column {', '.join(twice)}; rename all but one")


def _advise(header: Sequence[str]) -> str:
    for separator, name in OTHER_SEPARATORS.items():
        if separator in header[0]:
            return f"{name} separate them here: save the table with commas"
    return "name others by --columns KEY=COLUMN"


def _name_cells(where: str, header: Sequence[str], cells: list[str]) -> dict[str, str]:
    if any(cells[len(header) :]):
        raise UserError(
            f"{where}: {len(cells)} cells under {len(header)} columns; write numbers without thousands separators and "
            "put text with commas in quotes"
        )
    return dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=False))
