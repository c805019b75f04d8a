"""Train one segment of a run, or find that it is trained.

A job that finds its segment finished takes no step and writes the marker again, so that training is idempotent by the
fingerprint of the run; that path does without torch.
"""

from dataclasses import dataclass
from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import read_json, seal_of, sha256_file
from tenbin.study.execution import Placement
from tenbin.training import log
from tenbin.training.markers import read_marker, rewrite_marker
from tenbin.training.spec import RunSpec, read_spec
from tenbin.training.stopping import stop_requests


@dataclass(frozen=True)
class SegmentJob:
    """The files and settings of one training job."""

    spec: Path
    tokens: dict[str, Path]
    """Token pairs by corpus, without .bin and .idx."""
    orders: Path
    """Folder of the blend and of a folder for each corpus."""
    init: Path
    end_step: int
    work: Path
    threads: int
    previous: Path | None
    """Marker of the segment before, none for the first."""
    marker: Path
    checkpoint_interval_s: float
    placement: Placement = Placement()
    """Nodes, processes, GPUs, micro-batch."""
    walltime_s: float | None = None
    """Time limit of the job, from its start; none: no limit."""
    stop_margin_s: float = 600.0
    """Seconds before the time limit at which the state is saved and the job stops itself."""
    neox_home: Path | None = None
    """Checkout of EleutherAI/gpt-neox, for the engine `neox`."""
    neox_data: Path | None = None
    """Folder that links tokens and index maps under GPT-NeoX's own names."""
    tokenizer: Path | None = None
    """tokenizer.json, for the engine `neox`."""


def train_segment(job: SegmentJob) -> None:
    """Train to the segment's end and write its marker.

    Raises UserError if an input is not the one of the spec, the run diverges or another process takes it over.
    Exits with 128 + signal after a request to stop, with the state saved.
    """
    spec, fingerprint = read_spec(job.spec)
    previous_steps = _check_bounds(job, spec, fingerprint)
    run_folder = job.work / fingerprint
    if rewrite_marker(run_folder, job.end_step, fingerprint, job.marker):
        log.notice(f"step {job.end_step} is already trained in {run_folder}: no step taken, marker written again")
        return
    with stop_requests() as request:
        _check_inputs(job, spec)
        from tenbin.training.takeover import train  # noqa: PLC0415  # torch takes a second

        train(job, spec, fingerprint, previous_steps, request)


def _check_bounds(job: SegmentJob, spec: RunSpec, fingerprint: str) -> int:
    """Return the end of the segment before, 0 for the first."""
    if not 0 < job.end_step <= spec.schedule.steps:
        raise UserError(f"--end-step {job.end_step}: the run of {job.spec} has steps 1 to {spec.schedule.steps}")
    previous: int = read_marker(job.previous, fingerprint)["steps"] if job.previous else 0
    if previous >= job.end_step:
        raise UserError(f"--end-step {job.end_step} does not come after {job.previous}, which ends at step {previous}")
    return previous


def _check_inputs(job: SegmentJob, spec: RunSpec) -> None:
    """Hold what the run reads against its spec; the sample reader verifies the files that the orders name."""
    if sha256_file(job.init) != spec.init_sha256:
        raise UserError(f"{job.init} holds other initial weights than {job.spec} names; draw them anew")
    if seal_of(job.orders / "blend.json") != spec.blend_sha256:
        raise UserError(f"{job.orders / 'blend.json'} is another blend than {job.spec} names; write the spec anew")
    for corpus, wanted in spec.corpora.items():
        index = job.orders / corpus / "index.json"
        if seal_of(index) != wanted.order_sha256:
            raise UserError(f"{index} is another order than {job.spec} names; write the spec anew")
        files = read_json(index)["token_files"]
        if (files["bin"]["sha256"], files["idx"]["sha256"]) != (wanted.bin_sha256, wanted.idx_sha256):
            raise UserError(f"{index} orders other tokens than {job.spec} names for {corpus}; write the spec anew")
