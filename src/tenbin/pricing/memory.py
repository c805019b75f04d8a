"""Whether a size's micro-batch fits a GPU, before a job waits in a queue to find out.

An estimate of what one GPU holds under ZeRO stage 1 (Rajbhandari et al. 2020, arXiv:1910.02054, section 3.1: fp32
master weights and both moments of Adam are split over the ranks, weights and gradients are not), plus activations
(Korthikanti et al. 2022, arXiv:2205.05198, section 4.1, without its dropout masks, which this model does not have).
It errs upwards: attention scores are counted as stored, which fused attention spares. No GPU was at hand to hold it
against; `execution.site.gpu_memory_gb` is the limit that it is compared with.
"""

from dataclasses import astuple, dataclass
from typing import Literal

from tenbin.errors import UserError
from tenbin.pricing.counts import study_vocabulary, trained_runs
from tenbin.study.catalogue import Size
from tenbin.study.execution import Placement
from tenbin.study.model import Study

Numerics = Literal["fp32", "bf16", "fp16"]

NUMBER_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
FULL_BYTES = 4
MOMENTS_AND_MASTER = 3
RESERVED_BYTES = 2 * 10**9
"""Context of CUDA, buffers of the communication library and fragments of the allocator: assumed, not measured."""
GB = 10**9


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes on one GPU at the peak of a step."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    reserved: int = RESERVED_BYTES

    @property
    def total(self) -> int:
        """Return the bytes of all parts."""
        return sum(astuple(self))


def estimate_memory(
    size: Size,
    *,
    padded_vocabulary: int,
    sequence_length: int,
    micro_batch: int,
    ranks: int,
    numerics: Numerics,
    checkpoint_activations: bool = False,
) -> MemoryEstimate:
    """Return what a GPU holds when each of `ranks` processes takes `micro_batch` sequences at a time."""
    parameters, number = size.count_total(padded_vocabulary), NUMBER_BYTES[numerics]
    return MemoryEstimate(
        weights=number * parameters,
        gradients=(number + FULL_BYTES) * parameters,  # of a micro-batch, and their sum over micro-batches
        optimizer=-(-MOMENTS_AND_MASTER * FULL_BYTES * parameters // ranks),
        activations=_activation_bytes(size, micro_batch, sequence_length, number, checkpoint_activations),
        logits=_logits_bytes(micro_batch * sequence_length, padded_vocabulary, number),
    )


def layer_activation_bytes(size: Size, micro_batch: int, sequence_length: int, number_bytes: int) -> int:
    """Return what one layer keeps for the backward pass: (16 s b h + a s^2 b) numbers.

    s positions, b sequences, h width, a heads. Of s b h: both LayerNorms' inputs 2, the input of queries, keys and
    values 1, queries and keys 2, values 1, the attention's output 1, the MLP's input 1, of its GELU 4 and of its second
    matrix 4. The a s^2 b are the softmax's outputs.
    """
    positions, width = micro_batch * sequence_length, size.hidden_size
    return number_bytes * (16 * positions * width + size.num_heads * sequence_length * positions)


def _activation_bytes(size: Size, micro_batch: int, length: int, number_bytes: int, checkpointed: bool) -> int:
    """Return the bytes of all layers; with checkpointing those of their inputs, and of one layer computed again."""
    layer = layer_activation_bytes(size, micro_batch, length, number_bytes)
    layer_input = number_bytes * micro_batch * length * size.hidden_size
    return size.num_layers * layer_input + layer if checkpointed else size.num_layers * layer


def _logits_bytes(positions: int, padded_vocabulary: int, number_bytes: int) -> int:
    """Return the bytes of the logits, of their copy in fp32 and of the gradient of that copy."""
    return positions * padded_vocabulary * (number_bytes + 2 * FULL_BYTES)


def study_memory(study: Study, size_id: str, length: int, batch: int, placement: Placement) -> MemoryEstimate:
    """Return the estimate of a size of a study at a placement, `length` and `batch` being those of a schedule."""
    return estimate_memory(
        study.sizes[size_id],
        padded_vocabulary=study_vocabulary(study).padded,
        sequence_length=length,
        micro_batch=micro_batch(placement, batch),
        ranks=placement.ranks,
        numerics=study.study.numerics,
        checkpoint_activations=placement.checkpoint_activations,
    )


def micro_batch(placement: Placement, batch: int) -> int:
    """Return the sequences that a process takes at a time: those configured, or its whole share of the batch."""
    return placement.micro_batch or max(1, batch // placement.ranks)


def check_memory(study: Study) -> None:
    """Refuse a study with a size whose micro-batch cannot fit a GPU by the estimate; sizes on the CPU are not checked.

    Raises UserError that names every such size, its micro-batch, the estimate, the limit and what to do.
    """
    used = dict.fromkeys((run.size, run.schedule) for run in trained_runs(study))
    problems = [problem for size, schedule in used if (problem := _misfit(study, size, schedule))]
    if problems:
        raise UserError("; ".join(dict.fromkeys(problems)))


def _misfit(study: Study, size: str, schedule_id: str) -> str | None:
    placement, schedule = study.execution.placement(size), study.schedules[schedule_id]
    limit_gb = study.execution.site.gpu_memory_gb
    if not placement.gpus:
        return None
    estimate = study_memory(study, size, schedule.sequence_length, schedule.batch_size, placement)
    if estimate.total <= limit_gb * GB:
        return None
    taken = micro_batch(placement, schedule.batch_size)
    return (
        f"{study.execution.key(size, 'placements')}: {size} with a micro-batch of {taken} needs about "
        f"{estimate.total / GB:.1f} GB of GPU memory ({describe_memory(estimate)}), "
        f"{study.execution.site.gpu} has {limit_gb:g} GB: "
        f"{_advice(study, size, schedule_id, placement)}"
    )


def describe_memory(estimate: MemoryEstimate) -> str:
    """Return the parts in 10^9 bytes, largest first."""
    parts = sorted(vars(estimate).items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {size / GB:.1f}" for name, size in parts)


def _advice(study: Study, size: str, schedule_id: str, placement: Placement) -> str:
    fitting = _largest_fitting(study, size, schedule_id, placement)
    if fitting:
        return f"set its micro_batch to {fitting} or less"
    checkpointed = placement.model_copy(update={"checkpoint_activations": True})
    fitting = _largest_fitting(study, size, schedule_id, checkpointed)
    if fitting and not placement.checkpoint_activations:
        return f"set its checkpoint_activations to true and its micro_batch to {fitting} or less"
    return "no micro-batch fits: give it more nodes or a GPU with more memory"


def _largest_fitting(study: Study, size: str, schedule_id: str, placement: Placement) -> int | None:
    """Return the largest micro-batch that fits and divides each rank's share of the batch."""
    schedule, limit = study.schedules[schedule_id], study.execution.site.gpu_memory_gb * GB
    share = max(1, schedule.batch_size // placement.ranks)
    for candidate in sorted((n for n in range(1, share + 1) if share % n == 0), reverse=True):
        trial = placement.model_copy(update={"micro_batch": candidate})
        estimate = study_memory(study, size, schedule.sequence_length, schedule.batch_size, trial)
        if estimate.total <= limit:
            return candidate
    return None
