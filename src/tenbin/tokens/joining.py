"""Token pairs of shards into the one pair of a split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.errors import UserError
from tenbin.files import atomic_path
from tenbin.tokens.appending import JoinedFile, Piece
from tenbin.tokens.mmap import open_index, write_index
from tenbin.tokens.records import PairRecord, TextCounts, read_pair_record, record_pair, write_pair_record


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
    joined = JoinedFile(bin_path)
    joined.append([Piece(shard.bin_path, shard.content["files"]["bin"]) for shard in shards], free=free_shards)
    with atomic_path(idx_path) as partial_idx:
        write_index(partial_idx, dtype, [open_index(shard.idx_path).sizes for shard in shards])
    seals = [seal for shard in shards for seal in shard.content["documents_records"]]
    write_pair_record(
        record_path,
        record_pair(joined.partial, idx_path, bin_path.name),
        counts=counts,
        dtype=dtype,
        tokenizer_sha256=tokenizer_sha256,
        documents_records=seals,
    )
    joined.publish()


def settle_joins(tokens: Path) -> None:
    """Drop what joins keep of TOKENIZER/CORPUS/SPLIT.bin in this folder in case that Snakemake has them made again."""
    for bin_path in tokens.glob("*/*/*.bin"):
        JoinedFile(bin_path).settle()


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
