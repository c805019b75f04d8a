"""The sizes that are compared, out of the study's own catalogue, and the token ids that all read."""

from pathlib import Path
from typing import Literal

import yaml
from settings import Work
from text import write_batches

CATALOGUE = Path(__file__).resolve().parents[1] / "config.yaml"
PUBLISHED_VOCABULARY, SMALL_VOCABULARY, EMBEDDED_VOCABULARY = 50_304, 8_192, 4_096
SIZES = ("e3", "e5", "e6")


def work_of(task: Literal["train", "score"], size: str, vocabulary: int) -> Work:
    """Return the work of a size of the catalogue."""
    shape = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["sizes"][size]
    return Work(task, size, shape["hidden_size"], shape["num_layers"], shape["num_heads"], vocabulary)


def write_tokens(folder: Path, *vocabularies: int) -> None:
    """Write the token ids of each vocabulary where measured processes look for them."""
    for vocabulary in vocabularies:
        write_batches(folder / f"{vocabulary}.npy", vocabulary)
