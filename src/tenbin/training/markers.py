"""Markers of finished segments: what was trained, by what, and the checkpoint that it ended in.

A marker holds no clock time and no duration. Its copy in its generation's folder lets a deleted one be written again,
byte for byte, without a training step.
"""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tenbin.errors import UserError
from tenbin.files import read_json, write_bytes, write_json
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import SEGMENTS, Generation, finished_segments, newest_generation
from tenbin.training.spec import RunSpec


def marker_copy(generation: Generation, end_step: int) -> Path:
    """Return where a generation keeps the copy of a segment's marker."""
    return generation.folder / SEGMENTS / f"{end_step}.json"


def find_marker_copy(run_folder: Path, end_step: int) -> Path | None:
    """Return the copy of the marker of a segment that this run has finished."""
    number = finished_segments(run_folder, newest_generation(run_folder)).get(str(end_step))
    copy = marker_copy(Generation(run_folder, number), end_step) if number else None
    return copy if copy and copy.exists() else None


def segment_ends(run_folder: Path) -> list[int]:
    """Return the ends of all segments that this run has finished."""
    return sorted(map(int, finished_segments(run_folder, newest_generation(run_folder))))


def rewrite_marker(run_folder: Path, end_step: int, fingerprint: str, marker: Path) -> bool:
    """Write a marker again from its copy if the work folder still holds its checkpoint; return whether it did."""
    copy = find_marker_copy(run_folder, end_step)
    if copy is None or not _still_holds(run_folder, read_json(copy), fingerprint):
        return False
    write_bytes(marker, copy.read_bytes())
    return True


def publish_marker(content: dict[str, Any], generation: Generation, marker: Path) -> None:
    """Write a marker and before it its copy, if this generation is still the newest."""
    generation.require_newest()
    write_json(marker_copy(generation, content["steps"]), content)
    generation.require_newest()
    write_json(marker, content)


def describe_segment(
    spec: RunSpec,
    fingerprint: str,
    checkpoint: Checkpoint,
    *,
    previous_steps: int,
    tokens_per_corpus: dict[str, int],
    threads: int,
    kernel_path: str,
    micro_batch: int,
    placement: Placement,
    packages: Sequence[str],
) -> dict[str, Any]:
    """Return the content of the marker of the segment that ends in a checkpoint."""
    return {
        "fingerprint": fingerprint,
        "steps": checkpoint.step,
        "previous_steps": previous_steps,
        "tokens": sum(tokens_per_corpus.values()),
        "tokens_per_corpus": tokens_per_corpus,
        "samples_read": checkpoint.step * spec.schedule.batch_size,
        "generation": checkpoint.generation.number,
        "checkpoint": checkpoint.record(),
        "engine": spec.engine,
        "kernel_path": kernel_path,
        "micro_batch": micro_batch,
        "threads": threads,
        "cpu": cpu_model(),
        "versions": {name: _version(name) for name in packages} | {"python": platform.python_version()},
    } | _describe_ranks(placement)


def _describe_ranks(placement: Placement) -> dict[str, int]:
    return {"ranks": placement.ranks, "nodes": placement.nodes} if placement.ranks > 1 else {}


def read_marker(path: Path, fingerprint: str) -> dict[str, Any]:
    """Read a marker. Raises UserError if it belongs to another run."""
    content = read_json(path)
    if content["fingerprint"] != fingerprint:
        raise UserError(f"{path} is a segment of another run than the spec describes; delete it and run again")
    return content


def cpu_model() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _still_holds(run_folder: Path, content: dict[str, Any], fingerprint: str) -> bool:
    checkpoint = Checkpoint(Generation(run_folder, content["generation"]), content["steps"])
    try:
        checkpoint.verify(fingerprint)
    except UserError:
        return False
    return bool(content["checkpoint"] == checkpoint.record())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "run from its source, not installed"
