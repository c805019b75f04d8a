"""Token ids as a real text has them, on any machine, without a download and for any vocabulary.

The text is Python's own standard library, a token a word or mark, numbered by how often it occurs: a few ids make up
most of the text and most ids are rare, as with a trained tokenizer, which numbers its tokens in much the same order.
Ids that are drawn evenly would flatter nobody, but miss the caches more often than text does.
"""

import re
import sysconfig
from collections import Counter
from pathlib import Path

import numpy as np
from settings import BATCH_SIZE, SEQUENCE_LENGTH

BATCHES = 32
TOKEN = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_+|\n\s*")


def write_batches(path: Path, vocabulary: int) -> None:
    """Write token ids, int64 [batches, sequences, positions + 1], as a .npy file."""
    words = read_words()
    ranks = {word: rank for rank, (word, _) in enumerate(Counter(words).most_common())}
    # Sequences lie evenly over the library, so that rare words come from all of it.
    starts = np.linspace(0, len(words) - SEQUENCE_LENGTH - 1, BATCHES * BATCH_SIZE).astype(int)
    sequences = [[ranks[word] for word in words[start : start + SEQUENCE_LENGTH + 1]] for start in starts]
    ids = np.minimum(np.array(sequences, dtype=np.int64), vocabulary - 1)
    np.save(path, ids.reshape(BATCHES, BATCH_SIZE, SEQUENCE_LENGTH + 1))


def read_words() -> list[str]:
    """Return the words of the standard library's modules, in the order of the files' names."""
    library = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in library.rglob("*.py") if "site-packages" not in path.parts)
    return [word for path in files for word in TOKEN.findall(path.read_text(encoding="utf-8", errors="ignore"))]
