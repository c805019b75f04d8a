"""A tokenized corpus that is published in parts: its .bin cut at any byte, and one .idx.

EleutherAI publishes the Pile with GPT-NeoX's 20B tokenizer so (pythia_pile_idxmaps: 5 GB a part). The parts are
appended in order, and freed on request; what they make is held against the .idx and the tokenizer.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import atomic_path, read_json, sha256_json, verify_file
from tenbin.tokens.appending import JoinedFile, Piece, copy_piece
from tenbin.tokens.counting import check_documents, count_text
from tenbin.tokens.mmap import open_index, open_pair
from tenbin.tokens.records import record_pair, write_pair_record
from tenbin.tokens.tokenizer import read_tokenizer


def join_token_parts(
    parts: Sequence[Path],
    idx: Path,
    *,
    tokenizer: Path,
    tokenizer_record: Path,
    bin_path: Path,
    idx_path: Path,
    record_path: Path,
    free_parts: bool = False,
) -> None:
    """Join the parts of a .bin, in this order, into the pair of a split with its record, like `link_tokens`.

    Beside each part and the .idx lies the record of its download, PATH.json; their seals enter the pair's record
    as `documents_records`, the .idx's last. With `free_parts` each part is emptied as soon as its bytes are safe.

    Raises UserError if a file is missing or damaged, if the parts are not of the size that the .idx says, if
    documents do not lie one after the other, or if an id is not of the tokenizer's vocabulary.
    """
    encoder = read_tokenizer(tokenizer, tokenizer_record)
    records = [_read_record(path) for path in [*parts, idx]]
    pieces = [Piece(part, _described(record)) for part, record in zip(parts, records, strict=False)]
    verify_file(idx, _described(records[-1]))
    _check_sizes(pieces, idx)
    joined = JoinedFile(bin_path)
    joined.append(pieces, free=free_parts)
    pair = open_pair(joined.partial, idx)
    text = count_text(pair, encoder, f"{bin_path} (tokenizer {tokenizer})")
    text.report_unclosed(bin_path)
    with atomic_path(idx_path) as partial_idx, partial_idx.open("wb") as stream:
        copy_piece(Piece(idx, _described(records[-1])), stream)
    write_pair_record(
        record_path,
        record_pair(joined.partial, idx_path, bin_path.name),
        counts=text.counts,
        dtype=pair.index.dtype,
        tokenizer_sha256=encoder.sha256,
        documents_records=[sha256_json(record) for record in records],
        documents_without_end_of_text=text.unclosed,
    )
    joined.publish()


def _read_record(path: Path) -> dict[str, Any]:
    return read_json(path.with_name(f"{path.name}.json"))


def _described(record: dict[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = record["files"]["source"]
    return source


def _check_sizes(pieces: Sequence[Piece], idx: Path) -> None:
    """Check what the .idx alone can tell, before hours of copying."""
    index = open_index(idx)
    check_documents(index, idx)
    size = sum(piece.record["size_bytes"] for piece in pieces)
    if size != index.size_bytes:
        raise UserError(
            f"the {len(pieces)} parts have {size} bytes together, their index {idx} says {index.size_bytes}: "
            "parts are missing, too many or of another corpus; correct `parts` and `index` of the corpus"
        )
