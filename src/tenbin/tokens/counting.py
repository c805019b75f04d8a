"""The text behind tokens that came without it, counted by decoding; one pass over the .bin, whatever its size.

Corpora of 3e11 tokens are counted by how often each id occurs, so that the tables of lengths are read once
at the end and not once a token. Whether documents end in end-of-text is seen in the same pass: to look up
the last token of each would read the whole file again.
"""

import sys
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.tokens.decoding import lengths_in_bytes, lengths_in_characters, token_bytes
from tenbin.tokens.mmap import CHUNK_DOCUMENTS, TokenIndex, TokenPair
from tenbin.tokens.records import TextCounts
from tenbin.tokens.tokenizer import TokenizerFile

CHUNK_TOKENS = 1 << 20


@dataclass(frozen=True)
class CountedText:
    """What a pair holds."""

    counts: TextCounts
    """Counts of the text, normalised as the tokenizer does."""
    unclosed: int
    """Documents that do not end in end-of-text."""

    def report_unclosed(self, bin_path: Path) -> None:
        """Tell whoever watches the job if there are such documents: they run into the next one."""
        if self.unclosed:
            said = f"{self.unclosed} of {self.counts.documents} documents in {bin_path} do not end in <|endoftext|>"
            print(f"notice: {said}", file=sys.stderr, flush=True)


def check_documents(index: TokenIndex, idx_path: Path) -> None:
    """Check that documents lie in the .bin one after the other without a gap, as the order of samples supposes.

    Raises UserError that names the document that does not, or if there is no token.
    """
    if not index.size_bytes:
        raise UserError(f"{idx_path} holds no tokens; correct the path of the corpus")
    end = 0
    for first in range(0, index.num_documents, CHUNK_DOCUMENTS):
        lengths = index.sizes[first : first + CHUNK_DOCUMENTS].astype(np.int64) * index.dtype.itemsize
        ends = end + np.cumsum(lengths)
        wrong = np.flatnonzero((lengths < 0) | (index.pointers[first : first + CHUNK_DOCUMENTS] != ends - lengths))
        if len(wrong):
            raise UserError(f"{idx_path} is damaged: document {first + wrong[0]} does not start where the last ends")
        end = int(ends[-1])


def count_text(pair: TokenPair, tokenizer: TokenizerFile, name: str) -> CountedText:
    """Count the text of a pair whose documents lie one after the other.

    Raises UserError naming `name` if an id is not of the tokenizer's vocabulary.
    """
    occurrences = np.zeros(tokenizer.vocabulary, np.int64)
    closed = 0
    for first in range(0, len(pair.tokens), CHUNK_TOKENS):
        tokens = pair.tokens[first : first + CHUNK_TOKENS]
        _check_ids(tokens.min(), tokens.max(), tokenizer.vocabulary, name)
        occurrences += np.bincount(tokens, minlength=tokenizer.vocabulary)
        last = _last_tokens(pair.index, first, first + len(tokens)) - first
        closed += int((tokens[last] == tokenizer.end_of_text_id).sum())
    # What closes a document stands for no text.
    occurrences[tokenizer.end_of_text_id] -= closed
    pieces = token_bytes(tokenizer.path)
    text_bytes, characters = (
        int(occurrences[: len(table)] @ table) for table in (lengths_in_bytes(pieces), lengths_in_characters(pieces))
    )
    counts = TextCounts(len(pair.tokens), pair.index.num_documents, 0, text_bytes, characters)
    return CountedText(counts, counts.documents - closed)


def _check_ids(smallest: int, largest: int, vocabulary: int, name: str) -> None:
    if smallest < 0 or largest >= vocabulary:
        wrong = smallest if smallest < 0 else largest
        raise UserError(f"{name} holds id {wrong}, the tokenizer has {vocabulary} entries: it is not its tokenizer")


def _last_tokens(index: TokenIndex, first: int, end: int) -> NDArray[np.int64]:
    """Return the places of the tokens in [first, end) that are the last of a document."""
    documents = slice(_count_ended(index, first), _count_ended(index, end))
    sizes = index.sizes[documents]
    places = index.pointers[documents] // index.dtype.itemsize + sizes - 1
    return places[sizes > 0]


def _count_ended(index: TokenIndex, tokens: int) -> int:
    """Return how many documents end within so many tokens; whether empty ones at the edge are among them is open."""
    end_bytes = tokens * index.dtype.itemsize
    if end_bytes == index.size_bytes:
        return index.num_documents
    # The offsets lie unaligned in the .idx: NumPy's own search would copy them all, each time.
    return bisect_right(index.pointers, end_bytes) - 1
