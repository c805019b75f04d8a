"""Tables and records of earlier stages, verified before anything is drawn from them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tenbin.errors import UserError
from tenbin.files import read_json, verify_file

LOSS_COLUMNS = (
    "mix",
    "size",
    "schedule",
    "seed",
    "valid",
    "lang",
    "in_domain",
    "n_nonembedding",
    "n_total",
    "steps",
    "tokens",
    "loss_nats_per_token",
    "bits_per_byte",
)


def read_losses(table: Path, record: Path) -> pd.DataFrame:
    """Read losses.csv, verified against losses.json; one row a run and validation set."""
    verify_against(record, table)
    return read_table(table, LOSS_COLUMNS)


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV file; raises UserError that names the file if it lacks a column."""
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(f"{path} has no column {', '.join(missing)}; delete it and run again")
    return table


def verify_against(record: Path, file: Path) -> None:
    """Check a file against the JSON that describes it.

    Raises UserError if the record does not speak of the file, or the file is not what it says.
    """
    for entry in read_json(record).get("files", {}).values():
        if entry["file"] == file.name:
            verify_file(file, entry)
            return
    raise UserError(f"{record} does not describe {file}; delete both and run again")
