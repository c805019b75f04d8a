"""The order of a corpus's samples, exactly GPT-NeoX's.

Documents, repeated for as many epochs as are needed, are shuffled as one array; their tokens in that
order are one stream; sample s is the stream's tokens s*T .. s*T + T (T + 1 of them, the last shared
with the next sample); the samples are shuffled in turn. Three index maps hold it all (doc, sample,
shuffle), and equal those of megatron/data/gpt2_dataset.py byte for byte.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tenbin import recipes
from tenbin.arrays import write_npy
from tenbin.errors import UserError
from tenbin.files import read_json, record_file, verify_file, write_json
from tenbin.study.base import Entry
from tenbin.tokens.mmap import open_index

OVERSAMPLING = 1.005
"""GPT-NeoX asks half a percent more samples of a corpus than its weight says (megatron/data/data_utils.py)."""
CHUNK_DOCUMENTS = 1 << 22


class OrderSettings(Entry):
    """What decides the order of a corpus besides its tokens."""

    samples: int = Field(gt=0)
    """Samples that the whole run reads, of all corpora."""
    weight: float = Field(gt=0, le=1)
    """Share of them that comes from this corpus."""
    sequence_length: int = Field(gt=0)
    """Tokens of a sample that are predicted."""
    seed: int = Field(ge=0, lt=1 << 32)
    """Seed of the shuffles."""


@dataclass(frozen=True)
class Order:
    """The three index maps of a corpus."""

    doc_index: NDArray[np.int32]
    """Documents in stream order [documents * epochs]."""
    sample_index: NDArray[np.signedinteger[Any]]
    """Place in doc_index and offset in tokens where each sample starts [samples + 1, 2]."""
    shuffle_index: NDArray[np.integer[Any]]
    """The k-th sample taken from the corpus is number shuffle_index[k] [samples]."""


def order_corpus(
    settings: OrderSettings,
    tokens_record: Path,
    idx_path: Path,
    *,
    doc_path: Path,
    sample_path: Path,
    shuffle_path: Path,
    record_path: Path,
) -> None:
    """Write a corpus's index maps and their record (index.json).

    Raises UserError if the corpus has fewer tokens than one sample needs.
    """
    record = read_json(tokens_record)
    verify_file(idx_path, record["files"]["idx"])
    sizes = open_index(idx_path).sizes
    tokens, length = int(record["tokens"]), settings.sequence_length
    if tokens < length + 1:
        raise UserError(
            f"{idx_path.with_suffix('')} has {tokens} tokens, fewer than one sample of {length} + 1: "
            "give the corpus more text or the schedule a shorter sequence_length"
        )
    asked = count_samples_asked(settings.samples, settings.weight)
    epochs = count_epochs(tokens, length, asked)
    order = build_order(sizes, length, epochs, settings.seed)
    files = {
        "doc": _save(doc_path, order.doc_index),
        "sample": _save(sample_path, order.sample_index),
        "shuffle": _save(shuffle_path, order.shuffle_index),
    }
    write_json(
        record_path,
        {
            "recipe": recipes.ORDERS,
            "epochs": epochs,
            "samples_asked": asked,
            "samples_held": len(order.shuffle_index),
            "tokens": tokens,
            "documents": len(sizes),
            "sequence_length": length,
            "seed": settings.seed,
            "token_files": record["files"],
            "files": files,
        },
    )


def count_samples_asked(samples: int, weight: float) -> int:
    """Return how many samples GPT-NeoX asks of a corpus of this (normalised) weight in a run of `samples`."""
    return math.ceil(samples * weight * OVERSAMPLING)


def count_epochs(tokens: int, sequence_length: int, samples: int) -> int:
    """Return the fewest epochs e with (e * tokens - 1) // sequence_length >= samples."""
    return max(1, -(-(samples * sequence_length + 1) // tokens))


def build_order(sizes: NDArray[np.int32], sequence_length: int, epochs: int, seed: int) -> Order:
    """Build the maps of a corpus from its documents' sizes in tokens [documents]."""
    generator = np.random.RandomState(seed)
    doc_index = np.tile(np.arange(len(sizes), dtype=np.int32), epochs)
    generator.shuffle(doc_index)
    sample_index = build_sample_index(sizes, doc_index, sequence_length)
    shuffle_index = build_shuffle_index(len(sample_index) - 1, generator)
    return Order(doc_index, sample_index, shuffle_index)


def build_sample_index(
    sizes: NDArray[np.int32], doc_index: NDArray[np.int32], sequence_length: int
) -> NDArray[np.signedinteger[Any]]:
    """Find where every sample starts, a bounded number of documents at a time [samples + 1, 2]."""
    repeats = len(doc_index) // len(sizes)
    total = repeats * int(sizes.sum(dtype=np.int64))
    samples = (total - 1) // sequence_length
    index = np.empty((samples + 1, 2), _sample_dtype(total, sequence_length))
    row = stream_end = 0
    for first in range(0, len(doc_index), CHUNK_DOCUMENTS):
        lengths = sizes[doc_index[first : first + CHUNK_DOCUMENTS]]
        ends = stream_end + np.cumsum(lengths, dtype=np.int64)
        stream_end = int(ends[-1])
        next_row = max(row, min(samples, (stream_end - 1) // sequence_length) + 1)
        starts = np.arange(row, next_row, dtype=np.int64) * sequence_length
        place = np.searchsorted(ends, starts, side="right")
        index[row:next_row, 0] = first + place
        index[row:next_row, 1] = starts - (ends[place] - lengths[place])
        row = next_row
    index[0] = 0  # as GPT-NeoX: even where the first document is empty
    return index


def build_shuffle_index(samples: int, generator: np.random.RandomState) -> NDArray[np.integer[Any]]:
    """Shuffle the sample numbers; uint32 unless they are too many for it [samples]."""
    fits = samples < np.iinfo(np.uint32).max - 1
    shuffle_index = np.arange(samples, dtype=np.uint32) if fits else np.arange(samples, dtype=np.int64)
    generator.shuffle(shuffle_index)
    return shuffle_index


def _sample_dtype(total_tokens: int, sequence_length: int) -> type[np.signedinteger[Any]]:
    # GPT-NeoX divides in floating point here, and by integers where it counts the samples.
    samples = (total_tokens - 1) / sequence_length
    return np.int32 if 2 * (samples + 1) < np.iinfo(np.int32).max else np.int64


def _save(path: Path, array: NDArray[Any]) -> dict[str, Any]:
    write_npy(path, array)
    return record_file(path)
