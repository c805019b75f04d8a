"""Tables for two readers: a terminal of 160 columns, and Markdown."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenbin.pricing.spelling import Number, Spelling

Entry = TypeVar("Entry")

GAP = "  "
WIDTH = 120
"""Of lines of text between tables, in columns."""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    heading: str
    """In words, with the unit."""
    cells: Sequence[str]
    right: bool = True
    """Whether cells stand at the right, as numbers do."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length under a title, with notes below."""

    title: str
    columns: Sequence[Column]
    notes: Sequence[str] = ()
    total_rows: int = 0
    """Rows at the end that sum up the others."""

    def rows(self) -> list[tuple[str, ...]]:
        """Return the cells row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


@dataclass(frozen=True)
class Field(Generic[Entry]):
    """What a column says of an entry, and in the last row of all of them."""

    heading: str
    cell: Callable[[Entry], str]
    total: Callable[[Sequence[Entry]], str] = lambda _: ""
    right: bool = True


def tabulate(title: str, entries: Sequence[Entry], fields: Sequence[Field[Entry]], notes: Sequence[str] = ()) -> Table:
    """Return a table of a row an entry, and one of totals if any field has them, without columns that stay empty."""
    totals = [field.total(entries) for field in fields]
    columns = [
        Column(field.heading, [*map(field.cell, entries), *([total] if any(totals) else [])], field.right)
        for field, total in zip(fields, totals, strict=True)
    ]
    return Table(title, [column for column in columns if any(column.cells)], notes, int(any(totals)))


def summed(heading: str, spell: Spelling, value: Callable[[Entry], Number]) -> Field[Entry]:
    """Return a field of a number with the sum in the last row; where no entry has the number there is no sum."""

    def total(entries: Sequence[Entry]) -> str:
        known = [number for number in map(value, entries) if number is not None]
        return spell(sum(known)) if known else ""

    return Field(heading, lambda entry: spell(value(entry)), total)


def write_markdown(table: Table) -> str:
    """Return the table in Markdown."""
    lines = [f"## {table.title}", ""]
    if table.columns:
        headings = [_escape(column.heading) for column in table.columns]
        rules = ["---:" if column.right else ":---" for column in table.columns]
        cells = [[_escape(cell) for cell in row] for row in table.rows()]
        lines += [f"| {' | '.join(row)} |" for row in [headings, rules, *cells]]
        lines.append("")
    return "\n".join([*lines, *(f"- {note}" for note in table.notes), *([""] if table.notes else [])])


def write_text(table: Table) -> str:
    """Return the table for a terminal: headings are broken at blanks, so that columns are as narrow as their cells."""
    widths = [_width(column) for column in table.columns]
    lines = [table.title, "=" * len(table.title)]
    lines += _heading_lines(table.columns, widths)
    rows = [_line(table.columns, row, widths) for row in table.rows()]
    body = len(rows) - table.total_rows
    rule = ["-" * (sum(widths) + len(GAP) * (len(widths) - 1))] if table.columns else []
    lines += [*rule, *rows[:body], *(rule if table.total_rows else []), *rows[body:]]
    return "\n".join([*lines, *(line for note in table.notes for line in _wrap(note)), ""])


def _wrap(note: str) -> list[str]:
    return textwrap.wrap(note, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False)


def _heading_lines(columns: Sequence[Column], widths: Sequence[int]) -> list[str]:
    broken = [_break(column.heading, width) for column, width in zip(columns, widths, strict=True)]
    height = max(map(len, broken), default=0)
    padded = [[""] * (height - len(words)) + words for words in broken]
    return [_line(columns, [words[row] for words in padded], widths) for row in range(height)]


def _break(heading: str, width: int) -> list[str]:
    """Return a heading's words in lines no longer than a width."""
    lines: list[str] = []
    for word in heading.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _width(column: Column) -> int:
    return max([len(word) for word in column.heading.split()] + [len(cell) for cell in column.cells])


def _line(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = [
        cell.rjust(width) if column.right else cell.ljust(width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    ]
    return GAP.join(parts).rstrip()


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")
