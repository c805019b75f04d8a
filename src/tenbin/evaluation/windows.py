"""The scoring rule: which tokens a model sees when it predicts which target.

The documents of a validation set, each followed by <|endoftext|>, are one stream. It is cut into
windows of T targets that do not overlap: window w reads stream[w T : w T + T] and predicts
stream[w T + 1 : w T + T + 1]; the last window is short. So every token is predicted exactly once,
except the stream's very first, which nothing comes before. Windows are those of GPT-NeoX's samples
in file order; attention is not reset between documents, as in training.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def batches_of_windows(
    stream: NDArray[np.integer], sequence_length: int, windows_per_batch: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield inputs and targets, both (windows, positions), in stream order; the short last window comes alone."""
    num_targets = len(stream) - 1
    num_whole = num_targets // sequence_length
    for first in range(0, num_whole, windows_per_batch):
        last = min(first + windows_per_batch, num_whole)
        yield _inputs_and_targets(stream, first * sequence_length, last * sequence_length, last - first)
    if num_whole * sequence_length < num_targets:
        yield _inputs_and_targets(stream, num_whole * sequence_length, num_targets, 1)


def _inputs_and_targets(
    stream: NDArray[np.integer], start: int, end: int, num_windows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    tokens = np.asarray(stream[start : end + 1], dtype=np.int64)
    return tokens[:-1].reshape(num_windows, -1), tokens[1:].reshape(num_windows, -1)
