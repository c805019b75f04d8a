"""Word of a divergence from the ranks to their parent, which knows what to say of it: a file beside the history."""

from pathlib import Path

from tenbin.files import read_json, write_json
from tenbin.training.divergence import DivergedError
from tenbin.training.generations import Generation

FILE = "ranks_diverged.json"


def tell_divergence(error: DivergedError, generation: Generation) -> None:
    """Leave word for the parent. To be called by rank 0."""
    # JSON has no number for what is not finite.
    norm = error.gradient_norm and str(error.gradient_norm)
    write_json(_path(generation), {"step": error.step, "loss": str(error.loss), "gradient_norm": norm})


def read_divergence(generation: Generation) -> DivergedError | None:
    """Return what the ranks told, None if they told nothing."""
    if not _path(generation).exists():
        return None
    told = read_json(_path(generation))
    norm = told["gradient_norm"]
    return DivergedError(told["step"], float(told["loss"]), norm and float(norm))


def _path(generation: Generation) -> Path:
    return generation.folder / FILE
