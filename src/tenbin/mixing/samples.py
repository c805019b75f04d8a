"""The samples that a run reads, straight out of memory-mapped tokens and index maps.

Nothing is copied or stored twice: which sample of its corpus a position of the blend takes is the
running count of that corpus in the blend.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.files import read_json, verify_file
from tenbin.tokens.mmap import open_pair, pair_paths

COUNT_CHUNK = 1 << 22


@dataclass(frozen=True)
class Place:
    """Where one sample of a batch comes from."""

    position: int
    """Position in the blended order, from 0."""
    corpus: int
    """Corpus, as a position in the blend's list."""
    k: int
    """It is the k-th sample taken from that corpus, from 0."""


@dataclass(frozen=True)
class Pieces:
    """A sample as ranges of documents; the ranges' tokens in this order are the sample."""

    sample: int
    """Number of the sample in the corpus's stream."""
    documents: NDArray[np.int32]
    """Document of each range [ranges]."""
    first: NDArray[np.int64]
    """First token of each range, counted from the start of its document [ranges]."""
    lengths: NDArray[np.int64]
    """Tokens of each range [ranges]; they sum to sequence_length + 1."""


class CorpusSamples:
    """The samples of one corpus in its own order."""

    def __init__(self, order: Path, prefix: Path, sequence_length: int) -> None:
        record = read_json(order / "index.json")
        if record["sequence_length"] != sequence_length:
            raise UserError(
                f"{order / 'index.json'}: made for sequence_length {record['sequence_length']}, not {sequence_length}"
            )
        bin_path, idx_path = pair_paths(prefix)
        verify_file(bin_path, record["token_files"]["bin"])
        verify_file(idx_path, record["token_files"]["idx"])
        self._doc_index = load_map(order / "doc_idx.npy", record["files"]["doc"])
        self._sample_index = load_map(order / "sample_idx.npy", record["files"]["sample"])
        self._shuffle_index = load_map(order / "shuffle_idx.npy", record["files"]["shuffle"])
        self._pair = open_pair(bin_path, idx_path)
        self._places = np.arange(sequence_length + 1)

    def tokens(self, k: int) -> NDArray[np.integer[Any]]:
        """Return the ids of the k-th sample taken [sequence_length + 1]."""
        pieces, index = self.pieces(k), self._pair.index
        starts = index.pointers[pieces.documents] // index.dtype.itemsize + pieces.first
        before = np.cumsum(pieces.lengths) - pieces.lengths
        return self._pair.tokens[np.repeat(starts - before, pieces.lengths) + self._places]

    def pieces(self, k: int) -> Pieces:
        """Return the ranges of documents that make the k-th sample taken."""
        sample = int(self._shuffle_index[k])
        (first_place, offset), (last_place, last_token) = self._sample_index[sample : sample + 2].tolist()
        documents = self._doc_index[first_place : last_place + 1]
        lengths = self._pair.index.sizes[documents].astype(np.int64)
        first = np.zeros_like(lengths)
        first[0] = offset
        lengths[-1] = last_token + 1
        lengths[0] -= offset
        return Pieces(sample, documents, first, lengths)

    def piece_tokens(self, document: int, first: int, length: int) -> NDArray[np.integer[Any]]:
        """Return the ids of one range of a document [length]."""
        return self._pair.document(document)[first : first + length]


class BlendedSamples:
    """The batches of a run: samples of several corpora in blended order.

    `orders` holds blend.npy, blend.json and a folder for each corpus; `prefixes` are the token pairs
    without .bin and .idx. Raises UserError if a file is missing, damaged or not the one the order was made from.
    """

    def __init__(self, orders: Path, prefixes: dict[str, Path], sequence_length: int, batch_size: int) -> None:
        record = read_json(orders / "blend.json")
        self.corpora: tuple[str, ...] = tuple(record["corpora"])
        self.sequence_length = sequence_length
        self.batch_size = batch_size
        if set(prefixes) != set(self.corpora):
            raise UserError(f"{orders} blends {sorted(self.corpora)}, but tokens are given for {sorted(prefixes)}")
        self._blend = load_map(orders / "blend.npy", record["files"]["blend"])
        self._readers = [CorpusSamples(orders / name, prefixes[name], sequence_length) for name in self.corpora]
        self._counted = 0
        self._counts = np.zeros(len(self.corpora), np.int64)

    @property
    def steps(self) -> int:
        """Return how many whole batches there are."""
        return len(self._blend) // self.batch_size

    def batch(self, step: int) -> NDArray[np.int64]:
        """Return the ids that a step (from 0) reads [batch_size, sequence_length + 1].

        Raises IndexError past the end of the order: it never starts over.
        """
        rows = np.empty((self.batch_size, self.sequence_length + 1), np.int64)
        for row, place in enumerate(self.places(step)):
            rows[row] = self.corpus_samples(place.corpus).tokens(place.k)
        return rows

    def places(self, step: int) -> list[Place]:
        """Return where the samples of a step (from 0) come from, in batch order."""
        if not 0 <= step < self.steps:
            raise IndexError(f"step {step} of an order of {self.steps} steps")
        first = step * self.batch_size
        taken = self._count_before(first).tolist()
        places = []
        for row, corpus in enumerate(self._blend[first : first + self.batch_size].tolist()):
            places.append(Place(first + row, corpus, taken[corpus]))
            taken[corpus] += 1
        return places

    def corpus_samples(self, corpus: int) -> CorpusSamples:
        """Return the reader of a corpus, by its position in the blend's list."""
        return self._readers[corpus]

    def tokens_per_corpus(self, steps_done: int) -> dict[str, int]:
        """Return the training tokens (samples x sequence length) of each corpus after some steps."""
        counts = self._count_before(steps_done * self.batch_size).tolist()
        return {name: count * self.sequence_length for name, count in zip(self.corpora, counts, strict=True)}

    def _count_before(self, position: int) -> NDArray[np.int64]:
        """Return the samples of each corpus before a position; cheap when positions grow [corpora]."""
        if position > len(self._blend):
            raise IndexError(f"position {position} of an order of {len(self._blend)} samples")
        if position < self._counted:
            self._counted, self._counts = 0, np.zeros_like(self._counts)
        while self._counted < position:
            stretch = self._blend[self._counted : min(self._counted + COUNT_CHUNK, position)]
            self._counts = self._counts + np.bincount(stretch, minlength=len(self.corpora))
            self._counted += len(stretch)
        return self._counts


def load_map(path: Path, record: dict[str, Any]) -> NDArray[Any]:
    """Map a verified .npy into memory as a plain array; no pickle is read."""
    verify_file(path, record)
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
