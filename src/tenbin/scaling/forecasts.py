"""The folder of forecasts, numbered in the order in which they were made, and the JSON that names them.

Forecasts are undeclared files, so that Snakemake never deletes one; the JSON is the declared file that others need.
Planning reads this module too: nothing heavy is imported here.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from tenbin.files import read_json, seal_of, write_json


def list_forecasts(folder: Path) -> list[Path]:
    """Return a folder's forecasts, the first made first."""
    return sorted(folder.glob("*-*.json"), key=lambda path: int(path.name.split("-")[0]))


def list_begun(folder: Path, runs: Sequence[str]) -> list[str]:
    """Return those of the run folders that had trained a segment when the first forecast was made, or have by now.

    Raises UserError if the first forecast is damaged.
    """
    first = list_forecasts(folder)[:1]
    return list(read_json(first[0])["begun"]) if first else [run for run in runs if has_trained(Path(run))]


def has_trained(run: Path) -> bool:
    """Tell whether a run has ended a segment."""
    return any(run.glob("segments/*.json"))


def write_index(folder: Path, index: Path) -> None:
    """Name all forecasts of a folder in one JSON.

    Raises UserError if a forecast is damaged.
    """
    forecasts = [{"file": f"{folder.name}/{path.name}", "sha256": seal_of(path)} for path in list_forecasts(folder)]
    write_json(index, {"forecasts": forecasts})


def restore_index(folder: Path, index: Path) -> None:
    """Write the index anew where it was deleted and forecasts are still there, as old as the last of them.

    Raises UserError if a forecast is damaged.
    """
    forecasts = list_forecasts(folder)
    if forecasts and not index.exists():
        write_index(folder, index)
        made = forecasts[-1].stat()
        os.utime(index, ns=(made.st_atime_ns, made.st_mtime_ns))
