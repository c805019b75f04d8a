"""Tokens that exist already: checked, counted and linked, never copied."""

from pathlib import Path

from tenbin.files import atomic_path
from tenbin.study.corpora import TokensCorpus
from tenbin.tokens.counting import check_documents, count_text
from tenbin.tokens.mmap import open_pair, pair_paths
from tenbin.tokens.records import record_pair, write_pair_record
from tenbin.tokens.tokenizer import read_tokenizer


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
    check_documents(pair.index, source_idx)
    text = count_text(pair, tokenizer, f"{source_bin} (tokenizer {corpus.tokenizer})")
    text.report_unclosed(source_bin)
    _link(source_bin, bin_path)
    _link(source_idx, idx_path)
    write_pair_record(
        record_path,
        record_pair(bin_path, idx_path),
        counts=text.counts,
        dtype=pair.index.dtype,
        tokenizer_sha256=tokenizer.sha256,
        documents_records=[],
        linked=True,
        documents_without_end_of_text=text.unclosed,
    )


def _link(source: Path, path: Path) -> None:
    with atomic_path(path) as partial:
        partial.symlink_to(source.resolve())
