"""Take a run up where any earlier process left it, train to the end of a segment, and publish that it is done."""

from typing import NoReturn

import numpy as np

from tenbin.files import read_json
from tenbin.mixing.samples import COUNT_CHUNK, load_map
from tenbin.training import log
from tenbin.training.branches import trunk_start
from tenbin.training.checkpoints import Checkpoint, newest_whole_checkpoint, sweep
from tenbin.training.divergence import DivergedError, record_divergence, refuse_diverged
from tenbin.training.engines import check_split, choose_engine, micro_batch, packages
from tenbin.training.generations import Generation, Start, claim_generation
from tenbin.training.heartbeat import Heartbeat
from tenbin.training.inputs import check_inputs
from tenbin.training.markers import describe_segment, publish_marker, rewrite_marker
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec
from tenbin.training.stopping import StopRequest
from tenbin.training.usage import told_usage
from tenbin.training.waiting import wait_for_turn


def train(job: SegmentJob, spec: RunSpec, fingerprint: str, previous_steps: int, request: StopRequest) -> None:
    """Train to the segment's end and publish its marker; leave with the request's status if asked to stop before.

    Takes no step if another process finishes the segment first.
    """
    check_split(job, spec)
    check_inputs(job, spec)
    generation = _take_over(job, spec, fingerprint, request)
    if generation is None:
        log.notice(f"another process trained to step {job.end_step}: no step taken, marker written again")
        return
    with Heartbeat(generation, request, job.lease_s):
        sweep(generation)
        checkpoint = _advance(job, spec, fingerprint, generation, request)
        marker = _describe(job, spec, fingerprint, checkpoint, previous_steps)
        publish_marker(marker, generation, job.marker)


def _take_over(job: SegmentJob, spec: RunSpec, fingerprint: str, request: StopRequest) -> Generation | None:
    """Wait for the run's last writer, then make the next generation, which goes on from the newest whole state."""
    run_folder = job.work / fingerprint
    generation = None
    while generation is None:
        newest = wait_for_turn(
            run_folder, request, lambda: rewrite_marker(run_folder, job.end_step, fingerprint, job.marker), job.lease_s
        )
        if newest is None:
            return None
        refuse_diverged(Generation(run_folder, newest), job.end_step)
        start = _find_start(job, spec, fingerprint, newest)
        generation = claim_generation(run_folder, newest + 1, start, job.lease_s)
    _say_start(start, generation, job, spec)
    return generation


def _find_start(job: SegmentJob, spec: RunSpec, fingerprint: str, newest: int) -> Start:
    checkpoint = newest_whole_checkpoint(job.work / fingerprint, newest, job.end_step, fingerprint)
    if checkpoint:
        return Start(checkpoint.generation.number, checkpoint.step)
    return trunk_start(job.work, spec.trunk) if spec.trunk else Start()


def _advance(
    job: SegmentJob, spec: RunSpec, fingerprint: str, generation: Generation, request: StopRequest
) -> Checkpoint:
    engine = choose_engine(job, spec)
    log.notice(f"the loss is computed by {engine.kernel_path(job, spec)}")
    try:
        with told_usage():
            checkpoint = engine.advance(job, spec, fingerprint, generation, request)
    except DivergedError as error:
        record_divergence(error, job, spec, generation)
    except OSError:
        # Whoever takes over sweeps this one's unfinished files away under it.
        generation.require_newest()
        raise
    if checkpoint is None:
        _leave(generation, request)
    return checkpoint


def _describe(
    job: SegmentJob, spec: RunSpec, fingerprint: str, checkpoint: Checkpoint, previous_steps: int
) -> dict[str, object]:
    return describe_segment(
        spec,
        fingerprint,
        checkpoint,
        previous_steps=previous_steps,
        tokens_per_corpus=_count_tokens(job, spec),
        threads=job.threads,
        kernel_path=choose_engine(job, spec).kernel_path(job, spec),
        micro_batch=micro_batch(job, spec),
        placement=job.placement,
        packages=packages(job, spec),
    )


def _say_start(start: Start, generation: Generation, job: SegmentJob, spec: RunSpec) -> None:
    origin = f"resuming after step {start.step}" if start.step else "starting from the initial weights"
    if start.trunk:
        origin = f"branching off the run {start.trunk[:12]}... after step {start.step}"
    log.notice(
        f"{spec.mix}/{spec.size}/{spec.schedule_id}/seed{spec.seed}: {origin}, to step {job.end_step} of "
        f"{spec.schedule.steps}, {_place(job)}, in {generation.folder}"
    )
    if job.previous and start.step == 0:
        log.notice(f"{job.previous} was trained, but {job.work} holds no checkpoint of it: training again from step 1")


def _place(job: SegmentJob) -> str:
    ranks = f"{job.placement.ranks} processes on {job.placement.nodes} node(s), " if job.placement.ranks > 1 else ""
    return f"{ranks}{job.threads} thread(s)"


def _leave(generation: Generation, request: StopRequest) -> NoReturn:
    generation.require_newest()
    log.notice(f"stopped {request.reason}; the state is saved in {generation.folder}, run again to go on")
    request.leave()


def _count_tokens(job: SegmentJob, spec: RunSpec) -> dict[str, int]:
    """Return the training tokens of each corpus up to the segment's end."""
    record = read_json(job.orders / "blend.json")
    read = load_map(job.orders / "blend.npy", record["files"]["blend"])[: job.end_step * spec.schedule.batch_size]
    corpora = record["corpora"]
    counts = np.zeros(len(corpora), np.int64)
    for first in range(0, len(read), COUNT_CHUNK):
        counts += np.bincount(read[first : first + COUNT_CHUNK], minlength=len(corpora))
    return {name: int(count) * spec.schedule.sequence_length for name, count in zip(corpora, counts, strict=True)}
