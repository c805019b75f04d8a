"""Close a finished run: its history whole, its model as a Hugging Face folder, and the record of both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenbin.errors import UserError
from tenbin.files import read_json, record_file, sha256_file, write_bytes, write_json
from tenbin.training.checkpoints import WEIGHTS, Checkpoint
from tenbin.training.export import write_model
from tenbin.training.generations import Generation
from tenbin.training.history import Line, assemble_history
from tenbin.training.markers import find_marker_copy, read_marker
from tenbin.training.spec import RunSpec, read_spec


def finish_run(
    *, spec_path: Path, marker_path: Path, work: Path, tokenizer: Path, history: Path, model: Path, done: Path
) -> None:
    """Write history.jsonl, the model folder and done.json of a run whose last segment has ended.

    Raises UserError if the run has not ended, or the work folder lacks its last checkpoint or a step of its history.
    """
    spec, fingerprint = read_spec(spec_path)
    marker = read_marker(marker_path, fingerprint)
    _check_inputs(spec, marker, marker_path, tokenizer)
    run_folder = work / fingerprint
    checkpoint = Checkpoint(Generation(run_folder, marker["generation"]), marker["steps"])
    checkpoint.verify(fingerprint)
    _check_marker_counts(run_folder, marker, marker_path)
    lines = assemble_history(run_folder, marker["generation"], marker["steps"])
    write_bytes(history, "".join(json.dumps(line) + "\n" for line in lines).encode())
    records = write_model(model, spec, _read_weights(checkpoint, spec), tokenizer)
    files = {"history": record_file(history)} | {f"model/{name}": record for name, record in records.items()}
    write_json(done, _describe_run(spec, fingerprint, marker, lines) | {"files": files})


def _check_inputs(spec: RunSpec, marker: dict[str, Any], marker_path: Path, tokenizer: Path) -> None:
    if marker["steps"] != spec.schedule.steps:
        raise UserError(f"{marker_path} ends at step {marker['steps']}; the run has {spec.schedule.steps} steps")
    if sha256_file(tokenizer) != spec.tokenizer_sha256:
        raise UserError(f"{tokenizer} is another tokenizer than the spec names; give the one the run was trained with")


def _check_marker_counts(run_folder: Path, marker: dict[str, Any], marker_path: Path) -> None:
    """Hold a marker against its copy: a process that was taken over may have written it late."""
    copy = find_marker_copy(run_folder, marker["steps"])
    if copy is None or read_json(copy) != marker:
        raise UserError(
            f"{marker_path} is not the marker that {run_folder} keeps of this segment; delete it and run again: it is "
            "written anew, without a step if the segment is trained"
        )


def _read_weights(checkpoint: Checkpoint, spec: RunSpec) -> dict[str, NDArray[np.float32]]:
    """Return the weights by the names that Hugging Face's model has."""
    if spec.engine == "neox":
        from tenbin.neox.export import read_weights  # noqa: PLC0415  # it needs torch

        return read_weights(checkpoint, spec)
    return {name.removeprefix(WEIGHTS): array for name, array in checkpoint.read(WEIGHTS).items()}


def _describe_run(spec: RunSpec, fingerprint: str, marker: dict[str, Any], lines: list[Line]) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "steps": marker["steps"],
        "tokens": marker["tokens"],
        "tokens_per_corpus": marker["tokens_per_corpus"],
        "n_nonembedding": spec.architecture.n_nonembedding,
        "n_total": spec.architecture.n_total,
        "last_loss": lines[-1]["loss"],
        "training_seconds": sum(line["seconds"] for line in lines),
    }
