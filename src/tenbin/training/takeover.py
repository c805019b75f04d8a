"""Take a run up where any earlier process left it, train to the end of a segment, and publish that it is done."""

import sys
from typing import NoReturn

import torch
from safetensors.numpy import load_file

from tenbin.kernels.linear_cross_entropy import KERNEL_PATH
from tenbin.mixing.samples import BlendedSamples
from tenbin.training import log
from tenbin.training.checkpoints import Checkpoint, newest_whole_checkpoint
from tenbin.training.generations import Generation, Start, claim_generation, newest_generation
from tenbin.training.loop import TrainingLoop
from tenbin.training.markers import describe_segment, publish_marker
from tenbin.training.network import NetworkInTraining
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec
from tenbin.training.stopping import StopRequest


def train(job: SegmentJob, spec: RunSpec, fingerprint: str, previous_steps: int, request: StopRequest) -> None:
    """Train to the segment's end and publish its marker; leave with the signal's status if asked to stop before."""
    torch.set_num_threads(job.threads)
    loop = _take_over(job, spec, fingerprint)
    checkpoint = loop.run(job.end_step, request)
    if checkpoint is None:
        _leave(loop.generation, request)
    marker = describe_segment(
        spec,
        fingerprint,
        checkpoint,
        previous_steps=previous_steps,
        tokens_per_corpus=loop.samples.tokens_per_corpus(job.end_step),
        threads=job.threads,
        kernel_path=KERNEL_PATH,
        micro_batch=loop.network.micro_batch,
    )
    publish_marker(marker, loop.generation, job.marker)


def _take_over(job: SegmentJob, spec: RunSpec, fingerprint: str) -> TrainingLoop:
    """Load the newest whole state, make the next generation and return the loop that goes on from there."""
    schedule, run_folder = spec.schedule, job.work / fingerprint
    samples = BlendedSamples(job.orders, job.tokens, schedule.sequence_length, schedule.batch_size)
    network = NetworkInTraining(spec.architecture, schedule, job.placement.micro_batch)
    generation = None
    while generation is None:
        newest = newest_generation(run_folder)
        checkpoint = newest_whole_checkpoint(run_folder, newest, job.end_step, fingerprint)
        start = _load(network, checkpoint, job)
        generation = claim_generation(run_folder, newest + 1, start)
    _say_start(start, generation, job, spec)
    return TrainingLoop(network, samples, generation, fingerprint, job.checkpoint_interval_s)


def _load(network: NetworkInTraining, checkpoint: Checkpoint | None, job: SegmentJob) -> Start:
    if checkpoint is None:
        network.load_weights(load_file(job.init))
        return Start()
    network.load_state(checkpoint.read())
    return Start(checkpoint.generation.number, checkpoint.step)


def _say_start(start: Start, generation: Generation, job: SegmentJob, spec: RunSpec) -> None:
    origin = f"resuming after step {start.step}" if start.step else "starting from the initial weights"
    log.notice(
        f"{spec.mix}/{spec.size}/{spec.schedule_id}/seed{spec.seed}: {origin}, to step {job.end_step} of "
        f"{spec.schedule.steps}, {job.threads} thread(s), in {generation.folder}"
    )
    if job.previous and start.step == 0:
        log.notice(f"{job.previous} was trained, but {job.work} holds no checkpoint of it: training again from step 1")


def _leave(generation: Generation, request: StopRequest) -> NoReturn:
    assert request.signal is not None
    log.notice(f"stopped by {request.signal.name}; the state is saved in {generation.folder}, run again to go on")
    sys.exit(request.exit_status)
