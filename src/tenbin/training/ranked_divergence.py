"""Word of a divergence from the ranks to their parent, which knows what to say of it: a file beside the history."""

from pathlib import Path

from tenbin.files import read_json, write_json
from tenbin.training.divergence import DivergedError
from tenbin.training.generations import Generation

FILE = "ranks_diverged.json"


class RankedDivergenceError(DivergedError):
    """A loss or gradient norm that is not finite, on all ranks alike."""

    def __init__(self, step: int, loss: float, gradient_norm: float | None) -> None:
        super().__init__(step, loss, gradient_norm)
        # JSON has no number for what is not finite.
        self.described = {"step": step, "loss": str(loss), "gradient_norm": gradient_norm and str(gradient_norm)}


def tell_divergence(error: RankedDivergenceError, generation: Generation) -> None:
    """Leave word for the parent. To be called by rank 0."""
    write_json(_path(generation), error.described)


def read_divergence(generation: Generation) -> DivergedError | None:
    """Return what the ranks told, None if they told nothing."""
    if not _path(generation).exists():
        return None
    told = read_json(_path(generation))
    norm = told["gradient_norm"]
    return DivergedError(told["step"], float(told["loss"]), norm and float(norm))


def _path(generation: Generation) -> Path:
    return generation.folder / FILE
