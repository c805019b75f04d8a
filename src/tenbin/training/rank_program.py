"""What each rank of the engine `torch` runs: `python -m tenbin.training.rank_program generation/ranks.json`."""

import os
import sys
import warnings
from pathlib import Path
from typing import NoReturn

import deepspeed
import torch
import torch.distributed
from deepspeed.accelerator import get_accelerator
from safetensors.numpy import load_file

from tenbin.errors import UserError, command
from tenbin.mixing.samples import BlendedSamples
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import WEIGHTS, Checkpoint, start_checkpoint
from tenbin.training.divergence import DivergedError
from tenbin.training.network import Arrays, build_model
from tenbin.training.ranked_divergence import tell_divergence
from tenbin.training.ranked_job import RankedJob, read_ranked_job
from tenbin.training.ranked_loop import RankedLoop
from tenbin.training.ranked_network import RankedNetwork
from tenbin.training.ranked_state import load_optimizer, load_weights, make_moments
from tenbin.training.spec import RunSpec, read_spec


def main() -> None:
    """Train as one of the ranks that torch's launcher started."""
    ranked = read_ranked_job(Path(sys.argv[1]))
    spec, _ = read_spec(ranked.job.spec)
    device = join_ranks(ranked.job.placement)
    _require_numerics(spec)
    torch.set_num_threads(ranked.threads)
    samples = BlendedSamples(
        ranked.job.orders, ranked.job.tokens, spec.schedule.sequence_length, spec.schedule.batch_size
    )
    try:
        RankedLoop(_load_network(ranked, spec, device), samples, ranked).run()
    except DivergedError as error:
        if torch.distributed.get_rank() == 0:
            tell_divergence(error, ranked.generation)
        raise
    _leave()


def _leave() -> NoReturn:
    """End without the interpreter's own end, in which threads of torch now and then abort a process that is done."""
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def join_ranks(placement: Placement) -> torch.device:
    """Meet the other ranks and return the device that this one computes on."""
    # An extension for ranks of one machine would be compiled by each of them; gloo and NCCL do without.
    deepspeed.ops.__compatible_ops__ = {}
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")
    backend, device = "gloo", torch.device("cpu")
    if placement.gpus_per_node:
        device = _local_gpu()
        backend = "nccl"
    deepspeed.init_distributed(dist_backend=backend, auto_mpi_discovery=False, verbose=False)
    return device


def _local_gpu() -> torch.device:
    number, found = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if number >= found:
        raise UserError(
            f"{os.uname().nodename} has {found} GPUs, but process {number} of this node needs one of its own; run on "
            "nodes with enough GPUs, or lower `gpus_per_node` of the size in execution.placements"
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _require_numerics(spec: RunSpec) -> None:
    if spec.numerics == "fp16" and not get_accelerator().is_fp16_supported():
        raise UserError(
            f"numerics fp16: the {get_accelerator().device_name()} of {os.uname().nodename} does not compute in fp16; "
            "train on GPUs (`gpus_per_node` of the size in execution.placements), or choose bf16 or fp32 for the study"
        )


def _load_network(ranked: RankedJob, spec: RunSpec, device: torch.device) -> RankedNetwork:
    """Return the network in the state that the generation starts from."""
    start = start_checkpoint(ranked.generation, spec)
    weights = load_file(ranked.job.init) if start is None else _read_weights(start)
    model = build_model(spec.architecture)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    network = RankedNetwork(model, spec, ranked.job.placement, device)
    load_weights(network, weights)
    if start is None:
        make_moments(network)
    else:
        load_optimizer(network, start)
    return network


def _read_weights(start: Checkpoint) -> Arrays:
    return {name.removeprefix(WEIGHTS): array for name, array in start.read(WEIGHTS).items()}


if __name__ == "__main__":
    command(main)
