"""A self-contained HTML page from plain values: every text is escaped, nothing is loaded from elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, "Segoe UI", "Hiragino Sans", "Noto Sans CJK JP", "Noto Sans JP", sans-serif;
  color: #1c2430; background: #fff; max-width: 66rem; margin: 2rem auto 4rem; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h2 + p, .note { color: #4b5563; max-width: 46rem; }
.headline { font-size: 1.08rem; font-weight: 600; max-width: 46rem; margin: .5rem 0; }
ul.findings { padding-left: 1.2rem; max-width: 46rem; }
ul.findings li { margin: .55rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; margin: .75rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #e3e6ea; }
thead th { border-bottom: 2px solid #6b7280; vertical-align: bottom; }
td { white-space: nowrap; }
td.prose { white-space: normal; }
td.number, th.number { text-align: right; }
tbody tr.first td { border-top: 1px solid #9aa3ae; }
"""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and whether cells are numbers (flush right) or prose (wrapped)."""

    heading: str
    kind: Literal["word", "number", "prose"] = "word"


def page(title: str, sections: Iterable[str], language: str = "en") -> str:
    """Return a whole HTML document."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = "\n".join(sections)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>{head}<style>{STYLE}</style></head>\n'
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def section(heading: str, introduction: str, *parts: str) -> str:
    """Return a section: a heading, one paragraph, then parts that are HTML already."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n<p>{escape(introduction)}</p>\n" + "\n".join(parts) + "\n</section>"


def headline(text: str) -> str:
    """Return a sentence that a reader must not miss."""
    return f'<p class="headline">{escape(text).replace(" %", "&nbsp;%")}</p>'


def paragraph(text: str) -> str:
    """Return a paragraph of smaller importance."""
    return f'<p class="note">{escape(text)}</p>'


def findings(sentences: Iterable[str]) -> str:
    """Return sentences as the list of what was found."""
    items = "\n".join(f"<li>{escape(sentence).replace(' %', '&nbsp;%')}</li>" for sentence in sentences)
    return f'<ul class="findings">\n{items}\n</ul>'


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Return a table; a line is drawn above each row whose first cell differs from the row before."""
    heads = "".join(f"<th{_kind(column)}>{escape(column.heading)}</th>" for column in columns)
    lines = []
    for number, row in enumerate(rows):
        first = ' class="first"' if number > 0 and row[0] != rows[number - 1][0] else ""
        cells = "".join(f"<td{_kind(column)}>{escape(cell)}</td>" for column, cell in zip(columns, row, strict=True))
        lines.append(f"<tr{first}>{cells}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "\n".join(lines)
    return f'<div class="scroll"><table>{title}<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _kind(column: Column) -> str:
    return f' class="{column.kind}"'
