"""A tokenizer.json with the record beside it: what every stage that meets token ids needs to know."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from tenbin import recipes
from tenbin.errors import UserError
from tenbin.files import read_json, record_file, verify_file, write_json
from tenbin.study.tokenizers import padded_vocabulary

END_OF_TEXT = "<|endoftext|>"
PADDING = "<|padding|>"


@dataclass(frozen=True)
class TokenizerFile:
    """A verified tokenizer.json."""

    path: Path
    """The file."""
    sha256: str
    """Its SHA-256."""
    vocabulary: int
    """Entries, added tokens included: every id is smaller."""
    end_of_text_id: int
    """Id that ends every document."""

    def load(self, threads: int) -> Tokenizer:
        """Return the tokenizer, set to encode on so many threads."""
        limit_threads(threads)
        return Tokenizer.from_file(str(self.path))


def read_tokenizer(path: Path, record_path: Path) -> TokenizerFile:
    """Return a tokenizer.json that is the one its record describes.

    Raises UserError if it is missing or another.
    """
    record = read_json(record_path)
    verify_file(path, record["files"]["tokenizer"])
    return TokenizerFile(path, record["files"]["tokenizer"]["sha256"], record["vocabulary"], record["end_of_text_id"])


def write_record(record_path: Path, path: Path, tokenizer: Tokenizer, origin: dict[str, Any]) -> None:
    """Write the record of a tokenizer.json; `origin` says how it came about."""
    vocabulary = tokenizer.get_vocab_size()
    record = {
        "recipe": recipes.TOKENIZERS,
        "vocabulary": vocabulary,
        "padded_vocabulary": padded_vocabulary(vocabulary),
        "end_of_text_id": find_end_of_text(tokenizer, str(path)),
        "files": {"tokenizer": record_file(path)},
    }
    write_json(record_path, record | origin)


def find_end_of_text(tokenizer: Tokenizer, name: str) -> int:
    """Return the id of <|endoftext|>.

    Raises UserError naming the tokenizer if it has none, or ids beyond its number of entries.
    """
    end_of_text = tokenizer.token_to_id(END_OF_TEXT)
    if end_of_text is None:
        raise UserError(f"{name} has no token {END_OF_TEXT}, which must end every document: add it to added_tokens")
    largest, entries = max(tokenizer.get_vocab().values()), tokenizer.get_vocab_size()
    if largest >= entries:
        raise UserError(f"{name} has {entries} entries but an id {largest}: ids must run from 0 without a gap")
    return int(end_of_text)


def limit_threads(threads: int) -> None:
    """Let tokenizers and fastokens use so many threads; they read these variables when they first work in parallel."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    os.environ["FASTOKENS_BPE_THREADS"] = str(threads)
