"""Train one segment of a run, or find that it is trained.

A job that finds its segment finished takes no step and writes the marker again, so that training is idempotent by the
fingerprint of the run; that path does without torch.
"""

from dataclasses import dataclass, field
from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.study.execution import Placement
from tenbin.training import log
from tenbin.training.generations import LEASE_S
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
    checkpoint_interval_s: float = 600.0
    placement: Placement = field(default_factory=Placement)
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
    lease_s: float = LEASE_S
    """Seconds without a sign of life after which another process may take the run over from this one."""


def train_segment(job: SegmentJob) -> None:
    """Train to the segment's end and write its marker.

    Raises UserError if an input is not the one of the spec, the run diverges or another process takes it over.
    Exits with 128 + signal after a request to stop, with 75 before its time limit; the state is saved in both cases.
    """
    spec, fingerprint = read_spec(job.spec)
    previous_steps = _check_bounds(job, spec, fingerprint)
    run_folder = job.work / fingerprint
    if rewrite_marker(run_folder, job.end_step, fingerprint, job.marker):
        log.notice(f"step {job.end_step} is already trained in {run_folder}: no step taken, marker written again")
        return
    with stop_requests(job.walltime_s, job.stop_margin_s) as request:
        from tenbin.training.takeover import train  # noqa: PLC0415  # numpy takes a fraction of a second

        train(job, spec, fingerprint, previous_steps, request)


def _check_bounds(job: SegmentJob, spec: RunSpec, fingerprint: str) -> int:
    """Return the end of the segment before, 0 for the first."""
    if not 0 < job.end_step <= spec.schedule.steps:
        raise UserError(f"--end-step {job.end_step}: the run of {job.spec} has steps 1 to {spec.schedule.steps}")
    if job.walltime_s is not None and job.stop_margin_s >= job.walltime_s:
        raise UserError(
            f"a stop margin of {job.stop_margin_s:g} s leaves no time to train within a time limit of "
            f"{job.walltime_s:g} s; lower stop_margin_s or choose a queue with a longer limit"
        )
    previous = _previous_end(job, spec, fingerprint)
    if previous >= job.end_step:
        raise UserError(f"--end-step {job.end_step} does not come after {job.previous}, which ends at step {previous}")
    return previous


def _previous_end(job: SegmentJob, spec: RunSpec, fingerprint: str) -> int:
    """Return where the segment before ended; a branch's first one follows its trunk's."""
    if job.previous is None:
        if spec.trunk:
            raise UserError(f"{job.spec} is a decay branch: give its trunk's marker of step {spec.trunk.step} too")
        return 0
    if spec.trunk and read_json(job.previous).get("fingerprint") == spec.trunk.fingerprint:
        fingerprint = spec.trunk.fingerprint
    end: int = read_marker(job.previous, fingerprint)["steps"]
    if spec.trunk and fingerprint == spec.trunk.fingerprint and end != spec.trunk.step:
        raise UserError(f"{job.previous} ends at step {end}; the branch of {job.spec} begins after {spec.trunk.step}")
    return end
