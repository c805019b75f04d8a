"""A run that diverged: what is said of it, and how a retry is kept from training into the same wall again.

The batch that a loss broke at is often to blame, so its documents are named. What is known is written beside the
generation's checkpoints; as long as that file lies there, the run is not trained past that step.
"""

import shlex
from typing import NoReturn

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.mixing.ledger import read_ledger
from tenbin.mixing.samples import BlendedSamples
from tenbin.training.checkpoints import newest_whole_checkpoint
from tenbin.training.generations import Generation
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec

DIVERGED = "diverged.json"
SHOWN_DOCUMENTS = 8


class DivergedError(UserError):
    """A loss or gradient norm that is not finite."""

    def __init__(self, step: int, loss: float, gradient_norm: float | None, cause: str | None = None) -> None:
        norm = "" if gradient_norm is None else f", gradient norm {gradient_norm}"
        where = "" if cause is None else f"; at the output layer {cause}"
        super().__init__(f"training diverged at step {step}: loss {loss}{norm}{where}")
        self.step, self.loss, self.gradient_norm = step, loss, gradient_norm


def record_divergence(error: DivergedError, job: SegmentJob, spec: RunSpec, generation: Generation) -> NoReturn:
    """Leave a record that keeps retries from training, and raise UserError with all that is known."""
    generation.require_newest()
    path = generation.folder / DIVERGED
    documents = _documents(job, spec, error.step)
    message = (
        f"{error}; its batch read {len(documents)} documents: {_list(documents)} (to see them: "
        f"`{_showing(job, spec, error.step)}`). {_kept(generation, error.step)}. Lower the schedule's "
        f"peak_learning_rate or lengthen its warm-up; or delete {path} to let this run go on from there once more"
    )
    write_json(path, {"step": error.step, "message": message, "documents": [list(place) for place in documents]})
    raise UserError(message)


def refuse_diverged(newest: Generation, end_step: int) -> None:
    """Raise UserError if the newest generation of a run diverged on the way to a step."""
    path = newest.folder / DIVERGED
    if path.exists() and (record := read_json(path))["step"] <= end_step:
        raise UserError(record["message"])


def _documents(job: SegmentJob, spec: RunSpec, step: int) -> list[tuple[str, int]]:
    """Return corpus and number of each document that a step read, in the order of reading."""
    samples = BlendedSamples(job.orders, job.tokens, spec.schedule.sequence_length, spec.schedule.batch_size)
    return list(dict.fromkeys((line.corpus, line.document) for line, _ in read_ledger(samples, step)))


def _list(documents: list[tuple[str, int]]) -> str:
    shown = ", ".join(f"{corpus} {number}" for corpus, number in documents[:SHOWN_DOCUMENTS])
    return shown + (", ..." if len(documents) > SHOWN_DOCUMENTS else "")


def _showing(job: SegmentJob, spec: RunSpec, step: int) -> str:
    """Return the command that shows a step's documents."""
    words = ["python", "scripts/show_samples.py", "--orders", str(job.orders)]
    for corpus, prefix in job.tokens.items():
        words += ["--tokens", f"{corpus}={prefix}"]
    words += ["--sequence-length", str(spec.schedule.sequence_length), "--batch-size", str(spec.schedule.batch_size)]
    words += ["--step", str(step)]
    words += ["--text", "--tokenizer", str(job.tokenizer)] if job.tokenizer else []
    return shlex.join(words)


def _kept(generation: Generation, step: int) -> str:
    folder = generation.run_folder
    checkpoint = newest_whole_checkpoint(folder, generation.number, step - 1, folder.name)
    if checkpoint is None:
        return "No checkpoint had been written"
    return f"The state after step {checkpoint.step} is kept in {checkpoint.folder}"
