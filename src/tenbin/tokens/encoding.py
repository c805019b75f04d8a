"""Documents into a token pair, byte for byte as GPT-NeoX's `preprocess_data.py --append-eod` writes it.

Empty documents are dropped, as there, but counted. Special tokens that a text spells out become their
ids. Texts pass through in batches, so that memory grows with the longest document alone; what is done once
a token is done by NumPy and the encoder.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenbin.files import atomic_path
from tenbin.tokens.comparing import choose_encoder
from tenbin.tokens.documents import find_document_shard
from tenbin.tokens.encoders import CannotEncodeError, EncodedTexts, Encoder, ReferenceEncoder
from tenbin.tokens.mmap import token_dtype, write_index
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record
from tenbin.tokens.tokenizer import TokenizerFile, read_tokenizer

BATCH_CHARACTERS = 1 << 20
BATCH_DOCUMENTS = 1 << 12


class WrittenPair(NamedTuple):
    """What became of some texts."""

    counts: TextCounts
    """What was written and dropped."""
    encoder: str
    """The library that encoded, and its version."""


def tokenize_shard(
    documents: Path,
    tokenizer_path: Path,
    tokenizer_record: Path,
    *,
    bin_path: Path,
    idx_path: Path,
    record_path: Path,
    threads: int,
) -> None:
    """Write the token pair of a shard of documents, and its record.

    Raises UserError if the shard or the tokenizer is not the one its record describes.
    """
    shard = find_document_shard(documents)
    tokenizer = read_tokenizer(tokenizer_path, tokenizer_record)
    with atomic_path(bin_path) as partial_bin, atomic_path(idx_path) as partial_idx:
        written = write_pair(shard, tokenizer, partial_bin, partial_idx, threads)
    dtype = token_dtype(tokenizer.vocabulary)
    write_pair_record(
        record_path,
        record_pair(bin_path, idx_path),
        counts=written.counts,
        dtype=dtype,
        tokenizer_sha256=tokenizer.sha256,
        documents_records=[shard.seal],
        encoder=written.encoder,
    )


def write_pair(
    texts: Iterable[str], tokenizer: TokenizerFile, bin_path: Path, idx_path: Path, threads: int
) -> WrittenPair:
    """Tokenize texts into a .bin and its .idx, end-of-text after each.

    The texts are read a second time if the fast encoder turns out to give other ids than the tokenizers library.
    """
    assert not isinstance(texts, Iterator), "an iterator could not be read a second time"
    encoder = choose_encoder(tokenizer, threads)
    try:
        counts = _encode_texts(texts, encoder, tokenizer, bin_path, idx_path)
    except CannotEncodeError as reason:
        encoder = ReferenceEncoder(tokenizer, threads)
        print(f"warning: {reason}; all is encoded anew by {encoder.name}", file=sys.stderr, flush=True)
        counts = _encode_texts(texts, encoder, tokenizer, bin_path, idx_path)
    return WrittenPair(counts, encoder.name)


def _encode_texts(
    texts: Iterable[str], encoder: Encoder, tokenizer: TokenizerFile, bin_path: Path, idx_path: Path
) -> TextCounts:
    dtype = token_dtype(tokenizer.vocabulary)
    counts = TextCounts()
    sizes: list[NDArray[np.int32]] = []
    with bin_path.open("wb") as stream:
        for batch in _batches(texts):
            ids, ends = _drop_empty(encoder.encode_batch(batch))
            stream.write(np.insert(ids.astype(dtype), ends, tokenizer.end_of_text_id).data)
            sizes.append(np.diff(ends, prepend=0).astype(np.int32) + 1)
            counts.add(_count_batch(batch, sizes[-1]))
    write_index(idx_path, dtype, sizes)
    return counts


def _drop_empty(texts: EncodedTexts) -> EncodedTexts:
    """Return the texts that have any id."""
    return EncodedTexts(texts.ids, texts.ends[np.diff(texts.ends, prepend=0) > 0])


def _count_batch(batch: list[str], sizes: NDArray[np.int32]) -> TextCounts:
    return TextCounts(
        tokens=int(sizes.sum(dtype=np.int64)),
        documents=len(sizes),
        empty_documents=len(batch) - len(sizes),
        text_bytes=sum(len(text.encode()) for text in batch),
        characters=sum(map(len, batch)),
    )


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
