"""What ratio.json and ratio_frontier.csv hold, as the figures of the mixing ratio read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tenbin.figures.inputs import read_table, verify_against
from tenbin.figures.looks import DASHES, MARKERS, Look
from tenbin.files import read_json
from tenbin.languages import language_name
from tenbin.study.style import FigureStyle

FORM_NAMES = {"ratio_law": "ratio law", "mixing_law": "exponential mixing law"}
NEEDED = ("schedule", "size", "first", "second", "r", "first_bits_per_byte", "second_bits_per_byte")


@dataclass(frozen=True)
class SweepFile:
    """One sweep: its entry in ratio.json and its measured points."""

    entry: Mapping[str, Any]
    points: pd.DataFrame

    @property
    def languages(self) -> tuple[str, str]:
        """Return both languages' names; r is the share of the second."""
        first, second = (language_name(side["language"]) for side in self.entry["sides"])
        return first, second

    @property
    def sizes(self) -> dict[str, float]:
        """Return parameters without embeddings by size, smallest first."""
        return {size["size"]: size["n_nonembedding"] for size in self.entry["frontier"]}


def read_sweeps(record: Path, table: Path) -> list[SweepFile]:
    """Read all sweeps; raises UserError if the table is not what the record describes."""
    verify_against(record, table)
    rows = read_table(table, NEEDED)
    return [SweepFile(entry, _select(rows, entry)) for entry in read_json(record)["sweeps"]]


def size_looks(sweep: SweepFile, style: FigureStyle) -> dict[str, Look]:
    """Return the look of each size: a colour, a marker and a dash of its own."""
    return {
        size: Look(
            colour=style.palette[place % len(style.palette)],
            marker=MARKERS[place % len(MARKERS)],
            dash=DASHES[place % len(DASHES)],
            label=f"{n:,.0f} parameters",
            languages=frozenset(),
        )
        for place, (size, n) in enumerate(sweep.sizes.items())
    }


def _select(rows: pd.DataFrame, entry: Mapping[str, Any]) -> pd.DataFrame:
    first, second = (side["language"] for side in entry["sides"])
    found = rows[(rows["schedule"] == entry["schedule"]) & (rows["first"] == first) & (rows["second"] == second)]
    return pd.DataFrame(found)
