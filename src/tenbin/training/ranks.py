"""The engine `torch` on many processes, on GPUs or in half precision: the job's own process, which starts and follows.

The steps are taken by ranks under torch's launcher (`rank_program`), which also write history and checkpoints. This
process passes on requests to stop, shows what they say, and turns what ended them into one message.
"""

import sys
import time

from tenbin.kernels import chunked
from tenbin.kernels import linear_cross_entropy as loss
from tenbin.launching.process import RankedProcess
from tenbin.launching.ranks import start_ranks
from tenbin.training.checkpoints import Checkpoint, start_checkpoint
from tenbin.training.generations import Generation
from tenbin.training.ranked_divergence import read_divergence
from tenbin.training.ranked_job import RankedJob
from tenbin.training.ranked_log import RanksLog
from tenbin.training.segment import SegmentJob
from tenbin.training.spec import RunSpec
from tenbin.training.stopping import StopRequest

PROGRAM = ["-m", "tenbin.training.rank_program"]
POLL_S = 0.1


def advance(
    job: SegmentJob, spec: RunSpec, fingerprint: str, generation: Generation, request: StopRequest
) -> Checkpoint | None:
    """Train to `job.end_step` and return its checkpoint; on a request to stop have the state saved and return None.

    Raises UserError if the placement cannot be had or a rank fails, DivergedError if a loss or gradient norm is not
    finite. In fp16 gradients that overflow are no divergence as long as the loss can be scaled less: the update is
    skipped, as in GPT-NeoX.
    """
    if generation.start.step == job.end_step:
        return start_checkpoint(generation, spec)
    if request.asked:
        return None
    ranked = RankedJob(job, fingerprint, generation)
    ranked.write()
    program = [*PROGRAM, str(ranked.file)]
    with start_ranks(program, job.placement, log=ranked.log, environment=_environment(ranked)) as ranks:
        status = _follow(ranks, ranked, request)
    if status:
        raise read_divergence(generation) or RanksLog(ranked.log).explain(status)
    checkpoint = Checkpoint(generation, job.end_step)
    return checkpoint if checkpoint.folder.exists() else None


def kernel_path(job: SegmentJob, spec: RunSpec) -> str:
    """Return the name of the loss's implementation."""
    if spec.numerics == "fp32" and job.placement.gpus:
        return chunked.path_name(spec.numerics)
    return (
        f"torch-{spec.numerics}" if job.placement.gpus or spec.numerics == "fp16" else loss.kernel_path(spec.numerics)
    )


def _environment(ranked: RankedJob) -> dict[str, str]:
    accelerator = "cuda" if ranked.job.placement.gpus_per_node else "cpu"
    # Nothing is compiled; to import torch's compiler takes two seconds.
    return {"DS_ACCELERATOR": accelerator, "OMP_NUM_THREADS": str(ranked.threads), "TORCHDYNAMO_DISABLE": "1"}


def _follow(ranks: RankedProcess, ranked: RankedJob, request: StopRequest) -> int:
    """Wait for the ranks' end and return its status; meanwhile show what they note and pass on a request to stop."""
    log = RanksLog(ranked.log)
    while (status := ranks.poll()) is None:
        if request.asked:
            ranked.stop.touch()
        _show(log)
        time.sleep(POLL_S)
    _show(log)
    return status


def _show(log: RanksLog) -> None:
    for line in log.news():
        print(line, file=sys.stderr, flush=True)
