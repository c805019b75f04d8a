"""Documents into a token pair, byte for byte as GPT-NeoX's `preprocess_data.py --append-eod` writes it.

Empty documents are dropped, as there, but counted. Special tokens that a text spells out become their
ids. Texts pass through in batches, so that memory does not grow with the corpus.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from tenbin.files import atomic_path
from tenbin.tokens.documents import find_document_shard
from tenbin.tokens.mmap import token_dtype, write_index
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record
from tenbin.tokens.tokenizer import TokenizerFile, read_tokenizer

BATCH_CHARACTERS = 1 << 20
BATCH_DOCUMENTS = 1 << 12


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
        counts = write_pair(shard.read_texts(), tokenizer, partial_bin, partial_idx, threads)
    dtype = token_dtype(tokenizer.vocabulary)
    write_pair_record(
        record_path,
        record_pair(bin_path, idx_path),
        counts=counts,
        dtype=dtype,
        tokenizer_sha256=tokenizer.sha256,
        documents_records=[shard.seal],
    )


def write_pair(
    texts: Iterable[str], tokenizer: TokenizerFile, bin_path: Path, idx_path: Path, threads: int
) -> TextCounts:
    """Tokenize texts into a .bin and its .idx, end-of-text after each; return what was written and dropped."""
    encoder = tokenizer.load(threads)
    dtype = token_dtype(tokenizer.vocabulary)
    counts = TextCounts()
    sizes: list[NDArray[np.int32]] = []
    with bin_path.open("wb") as stream:
        for batch in _batches(texts):
            documents = _encode_batch(batch, encoder, tokenizer.end_of_text_id)
            for ids in documents:
                stream.write(np.array(ids, dtype).tobytes())
            sizes.append(np.array([len(ids) for ids in documents], np.int32))
            counts.add(_count_batch(batch, sizes[-1]))
    write_index(idx_path, dtype, sizes)
    return counts


def _encode_batch(batch: list[str], encoder: Tokenizer, end_of_text_id: int) -> list[list[int]]:
    """Return the ids of every text that has any, end-of-text added."""
    # GPT-NeoX calls encode(text), hence what a post-processor adds to a text stays in.
    documents = [encoding.ids for encoding in encoder.encode_batch_fast(batch, add_special_tokens=True)]
    return [[*ids, end_of_text_id] for ids in documents if ids]


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
