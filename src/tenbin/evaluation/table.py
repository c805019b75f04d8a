"""The table of all losses: one row a run and validation set, the only thing that fits must read."""

import csv
import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import read_json, record_file, seal_of, write_bytes, write_json
from tenbin.recipes import LOSSES

RUN_COLUMNS = (
    "mix", "size", "schedule", "seed", "valid", "lang", "in_domain", "engine", "vocab", "seq_len", "lr",
    "n_nonembedding", "n_total", "steps", "tokens",
)  # fmt: skip
LOSS_COLUMNS = (
    "flops", "loss_nats_per_token", "loss_stderr", "bits_per_byte", "bits_per_char",
    "eval_tokens", "eval_documents", "eval_bytes", "eval_chars",
)  # fmt: skip
ORDER = ("mix", "n_nonembedding", "size", "schedule", "seed", "valid")
"""Rows are sorted by these columns: the same runs give the same bytes, whatever finished first."""


def collect_losses(losses: Sequence[Path], table: Path, record: Path) -> None:
    """Gather the losses of all runs into one CSV and its record.

    Raises UserError if a file is damaged or two speak of the same run and validation set.
    """
    rows = sorted(((read_json(path), path) for path in losses), key=lambda row: _place(row[0]))
    _check_unique(rows)
    write_bytes(table, _spell([row for row, _ in rows]))
    seals = [seal_of(path) for _, path in rows]
    write_json(record, {"recipe": LOSSES, "rows": len(rows), "losses": seals, "files": {"table": record_file(table)}})


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in ORDER)


def _check_unique(rows: Sequence[tuple[dict[str, Any], Path]]) -> None:
    for (row, path), (following, other) in pairwise(rows):
        if _place(row) == _place(following):
            raise UserError(f"{path} and {other} hold losses of the same run and validation set; give one of them")


def _spell(rows: Sequence[dict[str, Any]]) -> bytes:
    corpora = sorted({corpus for row in rows for corpus in row["tokens_per_corpus"]})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*RUN_COLUMNS, *(f"tokens_{corpus}" for corpus in corpora), *LOSS_COLUMNS])
    for row in rows:
        # A corpus that a run's mix does not hold was seen 0 times.
        seen = [row["tokens_per_corpus"].get(corpus, 0) for corpus in corpora]
        values = [*(row[column] for column in RUN_COLUMNS), *seen, *(row[column] for column in LOSS_COLUMNS)]
        writer.writerow([_spell_value(value) for value in values])
    return text.getvalue().encode()


def _spell_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
