"""Tokens that exist already: checked, counted and linked, never copied."""

import sys
from pathlib import Path

import numpy as np

from tenbin.errors import UserError
from tenbin.files import atomic_path
from tenbin.study.corpora import TokensCorpus
from tenbin.tokens.decoding import lengths_in_bytes, lengths_in_characters, token_bytes
from tenbin.tokens.mmap import CHUNK_DOCUMENTS, TokenPair, open_pair, pair_paths
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record
from tenbin.tokens.tokenizer import TokenizerFile, read_tokenizer

CHUNK_TOKENS = 1 << 22


def link_tokens(
    corpus: TokensCorpus,
    prefix: Path,
    tokenizer_path: Path,
    tokenizer_record: Path,
    *,
    bin_path: Path,
    idx_path: Path,
    record_path: Path,
) -> None:
    """Link PREFIX.bin and PREFIX.idx after checking them, and write their record.

    The text is counted by decoding: bytes and characters are those of the normalised text.

    Raises UserError if the files are no pair, the documents do not lie one after the other, or an id is not
    of the tokenizer's vocabulary.
    """
    tokenizer = read_tokenizer(tokenizer_path, tokenizer_record)
    source_bin, source_idx = pair_paths(prefix)
    pair = open_pair(source_bin, source_idx)
    _check_documents(pair, source_idx)
    counts, unclosed = _count_text(pair, source_bin, tokenizer, corpus.tokenizer)
    if unclosed:
        notice = f"notice: {unclosed} of {counts.documents} documents in {source_bin} do not end in <|endoftext|>"
        print(notice, file=sys.stderr, flush=True)
    _link(source_bin, bin_path)
    _link(source_idx, idx_path)
    write_pair_record(
        record_path,
        record_pair(bin_path, idx_path),
        counts=counts,
        dtype=pair.index.dtype,
        tokenizer_sha256=tokenizer.sha256,
        documents_records=[],
        linked=True,
        documents_without_end_of_text=unclosed,
    )


def _check_documents(pair: TokenPair, idx_path: Path) -> None:
    """Check that documents lie in the .bin one after the other without a gap, as the order of samples supposes."""
    index, end = pair.index, 0
    if not len(pair.tokens):
        raise UserError(f"{idx_path} holds no tokens; correct the path of the corpus")
    for first in range(0, index.num_documents, CHUNK_DOCUMENTS):
        lengths = index.sizes[first : first + CHUNK_DOCUMENTS].astype(np.int64) * index.dtype.itemsize
        ends = end + np.cumsum(lengths)
        wrong = np.flatnonzero((lengths < 0) | (index.pointers[first : first + CHUNK_DOCUMENTS] != ends - lengths))
        if len(wrong):
            raise UserError(f"{idx_path} is damaged: document {first + wrong[0]} does not start where the last ends")
        end = int(ends[-1])


def _count_text(pair: TokenPair, bin_path: Path, tokenizer: TokenizerFile, name: str) -> tuple[TextCounts, int]:
    """Count the text by decoding, and the documents that end without end-of-text."""
    pieces = token_bytes(tokenizer.path)
    tables = lengths_in_bytes(pieces), lengths_in_characters(pieces)
    totals = [0, 0]
    for first in range(0, len(pair.tokens), CHUNK_TOKENS):
        tokens = pair.tokens[first : first + CHUNK_TOKENS]
        _check_ids(tokens.min(), tokens.max(), tokenizer.vocabulary, f"{bin_path} (tokenizer {name})")
        totals = [total + int(table[tokens].sum()) for total, table in zip(totals, tables, strict=True)]
    closed = _count_closed(pair, tokenizer.end_of_text_id)
    text_bytes, characters = (
        total - closed * int(table[tokenizer.end_of_text_id]) for total, table in zip(totals, tables, strict=True)
    )
    counts = TextCounts(len(pair.tokens), pair.index.num_documents, 0, text_bytes, characters)
    return counts, counts.documents - closed


def _check_ids(smallest: int, largest: int, vocabulary: int, name: str) -> None:
    if smallest < 0 or largest >= vocabulary:
        wrong = smallest if smallest < 0 else largest
        raise UserError(f"{name} holds id {wrong}, the tokenizer has {vocabulary} entries: it is not its tokenizer")


def _count_closed(pair: TokenPair, end_of_text_id: int) -> int:
    closed, itemsize = 0, pair.index.dtype.itemsize
    for first in range(0, pair.index.num_documents, CHUNK_DOCUMENTS):
        part = slice(first, first + CHUNK_DOCUMENTS)
        sizes = pair.index.sizes[part]
        last = pair.index.pointers[part] // itemsize + sizes - 1
        closed += int((pair.tokens[last[sizes > 0]] == end_of_text_id).sum())
    return closed


def _link(source: Path, path: Path) -> None:
    with atomic_path(path) as partial:
        partial.symlink_to(source.resolve())
