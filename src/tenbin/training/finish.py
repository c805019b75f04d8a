"""Close a finished run: its history whole, its model as a Hugging Face folder, and the record of both."""

import json
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import record_file, sha256_file, write_bytes, write_json
from tenbin.training.checkpoints import WEIGHTS, Checkpoint
from tenbin.training.export import write_model
from tenbin.training.generations import Generation
from tenbin.training.history import Line, assemble_history
from tenbin.training.markers import read_marker
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
    lines = assemble_history(run_folder, marker["generation"], marker["steps"])
    write_bytes(history, "".join(json.dumps(line) + "\n" for line in lines).encode())
    weights = {name.removeprefix(WEIGHTS): array for name, array in checkpoint.read(WEIGHTS).items()}
    records = write_model(model, spec, weights, tokenizer)
    files = {"history": record_file(history)} | {f"model/{name}": record for name, record in records.items()}
    write_json(done, _describe_run(spec, fingerprint, marker, lines) | {"files": files})


def _check_inputs(spec: RunSpec, marker: dict[str, Any], marker_path: Path, tokenizer: Path) -> None:
    if marker["steps"] != spec.schedule.steps:
        raise UserError(f"{marker_path} ends at step {marker['steps']}; the run has {spec.schedule.steps} steps")
    if sha256_file(tokenizer) != spec.tokenizer_sha256:
        raise UserError(f"{tokenizer} is another tokenizer than the spec names; give the one the run was trained with")


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
