"""The engine `torch` in one process on the CPU, in fp32 or bf16: no launcher, no DeepSpeed, a start of two seconds."""

import torch
from safetensors.numpy import load_file

from tenbin.kernels import linear_cross_entropy as loss
from tenbin.mixing.samples import BlendedSamples
from tenbin.training.checkpoints import Checkpoint, start_checkpoint
from tenbin.training.engines import micro_batch
from tenbin.training.generations import Generation
from tenbin.training.loop import TrainingLoop
from tenbin.training.network import NetworkInTraining
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec
from tenbin.training.stopping import StopRequest


def advance(
    job: SegmentJob, spec: RunSpec, fingerprint: str, generation: Generation, request: StopRequest
) -> Checkpoint | None:
    """Train to `job.end_step` and return its checkpoint; on a request to stop save the state and return None."""
    torch.set_num_threads(job.threads)
    schedule = spec.schedule
    samples = BlendedSamples(job.orders, job.tokens, schedule.sequence_length, schedule.batch_size)
    network = NetworkInTraining(spec.architecture, schedule, micro_batch(job, spec), spec.numerics)
    start = start_checkpoint(generation, spec)
    if start is None:
        network.load_weights(load_file(job.init))
    else:
        network.load_state(start.read())
    loop = TrainingLoop(network, samples, generation, fingerprint, job.checkpoint_interval_s)
    return loop.run(job.end_step, request)


def kernel_path(_job: SegmentJob, spec: RunSpec) -> str:
    """Return the name of the loss's implementation."""
    return loss.kernel_path(spec.numerics)
