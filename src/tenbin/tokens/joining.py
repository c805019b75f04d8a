"""Token pairs of shards into the one pair of a split, without room for both on the disk.

The .bin grows in an undeclared partial file beside a ledger of what is in it. Each shard is flushed to
disk and entered in the ledger before, on request, its own .bin is cut to 0 bytes (cut and not deleted:
Snakemake would have a missing shard downloaded anew). A join that was interrupted goes on from its ledger.
"""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tenbin.errors import UserError
from tenbin.files import atomic_path, canonical_json, verify_file, write_bytes
from tenbin.tokens.mmap import open_index, write_index
from tenbin.tokens.records import PairRecord, TextCounts, read_pair_record, record_pair, write_pair_record

COPY_BYTES = 1 << 22

Ledger = list[dict[str, Any]]


def join_shards(
    prefixes: Sequence[Path], bin_path: Path, idx_path: Path, record_path: Path, *, free_shards: bool = False
) -> None:
    """Join the pairs of some shards, in this order, into one pair with its record.

    With `free_shards` each shard's .bin is emptied as soon as its tokens are safe in the joined file.

    Raises UserError if a shard is missing, damaged or empty without being in the ledger, if shards come from
    several tokenizers, or if there is no token at all.
    """
    shards = [read_pair_record(prefix) for prefix in prefixes]
    dtype, tokenizer_sha256 = _check_alike(shards)
    counts = TextCounts()
    for shard in shards:
        counts.add(shard.counts())
    if not counts.tokens:
        raise UserError(
            f"{bin_path.with_suffix('')}: no tokens, {counts.empty_documents} empty documents: "
            "the corpus is empty; check its source and format"
        )
    partial, ledger = _beside(bin_path, "joining.bin"), _beside(bin_path, "joining.json")
    _append_shards(shards, partial, ledger, free_shards)
    with atomic_path(idx_path) as partial_idx:
        write_index(partial_idx, dtype, [open_index(shard.idx_path).sizes for shard in shards])
    seals = [seal for shard in shards for seal in shard.content["documents_records"]]
    write_pair_record(
        record_path,
        record_pair(partial, idx_path, bin_path.name),
        counts=counts,
        dtype=dtype,
        tokenizer_sha256=tokenizer_sha256,
        documents_records=seals,
    )
    # Last, since Snakemake deletes the outputs of a job that fails, and the shards may be gone.
    partial.touch()  # newer than the last shard, which was emptied after it was read
    partial.replace(bin_path)
    ledger.unlink()


def _check_alike(shards: Sequence[PairRecord]) -> tuple[np.dtype[Any], str]:
    first = shards[0]
    for shard in shards[1:]:
        for key in ("tokenizer_sha256", "dtype"):
            if shard.content[key] != first.content[key]:
                raise UserError(
                    f"{shard.bin_path} and {first.bin_path} differ in {key}: they come from different tokenizers; "
                    "delete them and run again"
                )
    return np.dtype(first.content["dtype"]), first.content["tokenizer_sha256"]


def _append_shards(shards: Sequence[PairRecord], partial: Path, ledger: Path, free_shards: bool) -> None:
    done = _read_ledger(ledger, partial, shards)
    end = sum(entry["size_bytes"] for entry in done)
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("r+b" if done else "wb") as joined:
        joined.truncate(end)  # what was written after the last entry is not to be trusted
        joined.seek(end)
        for shard in shards[len(done) :]:
            _append(shard, joined)
            done.append(_entry(shard))
            write_bytes(ledger, canonical_json(done))
            if free_shards:
                os.truncate(shard.bin_path, 0)


def _append(shard: PairRecord, joined: BinaryIO) -> None:
    verify_file(shard.bin_path, shard.content["files"]["bin"])
    with shard.bin_path.open("rb") as stream:
        shutil.copyfileobj(stream, joined, COPY_BYTES)
    joined.flush()
    os.fsync(joined.fileno())


def _read_ledger(ledger: Path, partial: Path, shards: Sequence[PairRecord]) -> Ledger:
    """Return the entries of the shards that the partial file holds; none if it is of other shards."""
    if not (ledger.is_file() and partial.is_file()):
        return []
    done: Ledger = json.loads(ledger.read_bytes())
    of_these = done == [_entry(shard) for shard in shards[: len(done)]]
    whole = partial.stat().st_size >= sum(entry["size_bytes"] for entry in done)
    return done if of_these and whole else []


def _entry(shard: PairRecord) -> dict[str, Any]:
    described = shard.content["files"]["bin"]
    return {"shard": shard.bin_path.name, "size_bytes": described["size_bytes"], "sha256": described["sha256"]}


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.stem}.{ending}")
