"""One run.yml in GPT-NeoX's own keys from a run's spec, its placement and its folders.

Everything that decides a result is explicit, also where it equals a default of GPT-NeoX's: a later version may have
another one. Three settings look odd and are meant:

- `bias_gelu_fusion` stays off on GPUs: GPT-NeoX's fused function is the tanh approximation, another model.
- `deepspeed_extra_args` repeats `gradient_clipping`: GPT-NeoX leaves values equal to its own defaults (1.0) out of what
  it hands to DeepSpeed, whose default long was, and in DeeperSpeed is, not to clip at all.
- `lr_decay_iters` and `warmup` of a decay branch: GPT-NeoX's cosine begins where its warm-up ends, at `branch_step`,
  where the rate is the peak.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tenbin.errors import UserError
from tenbin.neox.links import NeoxData
from tenbin.study.catalogue import ROTARY_SHARE, Schedule
from tenbin.study.execution import Placement
from tenbin.training.spec import NetworkShape, RunSpec

Config = dict[str, Any]

VOCABULARY_MULTIPLE = 128
GPU_LOADERS = 2
"""Processes that read data for each GPU; GPT-NeoX's default."""
FP16 = {
    "enabled": True,
    "loss_scale": 0,
    "loss_scale_window": 1000,
    "initial_scale_power": 12,
    "hysteresis": 2,
    "min_loss_scale": 1,
}
"""Dynamic loss scaling as in GPT-NeoX's configs/20B.yml."""


@dataclass(frozen=True)
class RunPaths:
    """Where a run's process of GPT-NeoX reads and writes."""

    save: Path
    load: Path
    """A checkpoint, or the initial weights as a checkpoint of step 0."""
    fresh: bool
    """Whether `load` holds initial weights: no optimiser state, no step taken."""
    tokenizer: Path
    kernels: Path
    """Where GPT-NeoX builds its CUDA kernels."""


def render(spec: RunSpec, placement: Placement, data: NeoxData, paths: RunPaths) -> Config:
    """Return the whole configuration of a run.

    Raises UserError if GPT-NeoX can't do exactly what the spec says, or the batch can't be split as placed.
    """
    return {
        **_network(spec.architecture),
        **_fusions(spec, placement),
        **_numerics(spec),
        **_schedule(spec, data),
        **_batch(spec.schedule, placement),
        **_placement(placement),
        **_data(spec, data, placement, paths),
        **_saving(paths),
        **_logging(),
    }


def spell(config: Config) -> str:
    """Return a configuration as YAML; numbers keep a spelling that YAML 1.1 reads as numbers (1.0e-08)."""
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120)


def split_batch(schedule: Schedule, placement: Placement) -> tuple[int, int]:
    """Return the sequences of a micro-batch and the micro-batches of a step on each rank.

    Raises UserError if they do not come out even.
    """
    micro = placement.micro_batch or max(1, schedule.batch_size // placement.ranks)
    steps, rest = divmod(schedule.batch_size, micro * placement.ranks)
    if rest or not steps:
        raise UserError(
            f"the batch of {schedule.batch_size} sequences can't be split into micro-batches of {micro} on "
            f"{placement.ranks} ranks; change micro_batch or the ranks of the size in execution.placements"
        )
    return micro, steps


def _network(shape: NetworkShape) -> Config:
    return {
        "pipe_parallel_size": 0,
        "model_parallel_size": 1,
        "make_vocab_size_divisible_by": VOCABULARY_MULTIPLE,
        "num_layers": shape.num_layers,
        "hidden_size": shape.hidden_size,
        "num_attention_heads": shape.num_heads,
        "seq_length": shape.sequence_length,
        "max_position_embeddings": shape.sequence_length,
        "norm": "layernorm",
        "layernorm_epsilon": 1.0e-5,
        "activation": "gelu",
        "pos_emb": "rotary",
        "rotary_pct": ROTARY_SHARE,
        "rotary_emb_base": 10_000,
        "no_weight_tying": True,
        "gpt_j_residual": True,
        "gpt_j_tied": False,
        "output_layer_parallelism": "column",
        "init_method": "small_init",
        "output_layer_init_method": "wang_init",
        "hidden_dropout": 0,
        "attention_dropout": 0,
    }


def _fusions(spec: RunSpec, placement: Placement) -> Config:
    return {
        # The kernel is for 16-bit scores.
        "scaled_upper_triang_masked_softmax_fusion": placement.gpus > 0 and spec.numerics != "fp32",
        "scaled_masked_softmax_fusion": False,
        "bias_gelu_fusion": False,
        "bias_dropout_fusion": False,
        "rope_fusion": False,
        "layernorm_fusion": False,
    }


def _numerics(spec: RunSpec) -> Config:
    """Weights of 16 bits have a float32 master copy, and their gradients are summed in float32."""
    if spec.numerics == "fp32":
        return {"precision": "fp32"}
    summed = {"data_types": {"grad_accum_dtype": "fp32"}}
    if spec.numerics == "bf16":
        return {"precision": "bfloat16", "bf16": {"enabled": True}, **summed}
    return {"precision": "fp16", "fp16": FP16, **summed}


def _schedule(spec: RunSpec, data: NeoxData) -> Config:
    schedule, optimizer = spec.schedule, spec.schedule.optimizer
    adam = {
        "lr": schedule.peak_learning_rate,
        "betas": [optimizer.beta1, optimizer.beta2],
        "eps": optimizer.epsilon,
    }
    return {
        "optimizer": {"type": "Adam", "params": adam},
        "min_lr": schedule.final_learning_rate,
        **_learning_rate(schedule),
        # The order's own length, also in a branch: GPT-NeoX names and reads its index maps by it.
        "train_iters": data.samples // schedule.batch_size,
        "gradient_clipping": optimizer.gradient_clipping,
        "deepspeed_extra_args": {"gradient_clipping": optimizer.gradient_clipping},
        "weight_decay": optimizer.weight_decay,
        "seed": _seed(spec.seed),
    }


def _learning_rate(schedule: Schedule) -> Config:
    """Say how the rate runs; a branch takes its own law instead of that in the trunk's checkpoint."""
    law = {"lr_decay_style": schedule.decay, "lr_decay_iters": schedule.steps}
    if schedule.branch_step is None:
        return law | {"warmup": schedule.warmup_share}
    if schedule.decay == "linear" and schedule.final_learning_rate:
        raise UserError(
            "engine neox: a branch's linear decay leads to final_learning_rate, GPT-NeoX's to 0; in this branch's "
            "schedule use decay: cosine or final_learning_rate: 0, or choose the engine torch"
        )
    return law | {"warmup": schedule.branch_step / schedule.steps, "override_lr_scheduler": True}


def _seed(seed: int) -> int:
    if seed < 1:
        raise UserError(f"engine neox: GPT-NeoX takes no seed below 1, this run has {seed}; choose other seeds")
    return seed


def _batch(schedule: Schedule, placement: Placement) -> Config:
    micro, accumulation = split_batch(schedule, placement)
    return {
        "train_batch_size": schedule.batch_size,
        "train_micro_batch_size_per_gpu": micro,
        "gradient_accumulation_steps": accumulation,
        "global_num_gpus": placement.ranks,
    }


def _placement(placement: Placement) -> Config:
    return {
        "distributed_backend": "nccl" if placement.gpus else "gloo",
        "zero_optimization": {
            "stage": 1,
            "allgather_partitions": True,
            "allgather_bucket_size": 500_000_000,
            "overlap_comm": False,
            "reduce_scatter": True,
            "reduce_bucket_size": 500_000_000,
            "contiguous_gradients": True,
        },
        "checkpoint_activations": placement.checkpoint_activations,
        "num_workers": GPU_LOADERS if placement.gpus else 0,
    }


def _data(spec: RunSpec, data: NeoxData, placement: Placement, paths: RunPaths) -> Config:
    return {
        "tokenizer_type": "HFTokenizer",
        "vocab_file": str(paths.tokenizer),
        "data_impl": "mmap",
        "train_data_paths": data.prefixes,
        "train_data_weights": list(data.weights.values()),
        "valid_data_paths": [data.not_read],
        "valid_data_weights": [1.0],
        "test_data_paths": [data.not_read],
        "test_data_weights": [1.0],
        "weight_by_num_documents": False,
        "eod_mask_loss": False,
        "eval_interval": data.samples // spec.schedule.batch_size,
        "eval_iters": 0,
    }


def _saving(paths: RunPaths) -> Config:
    """Leave the choice of steps to save at to the rank program; `finetune` takes weights and nothing else."""
    return {
        "save": str(paths.save),
        "load": str(paths.load),
        "finetune": paths.fresh,
        "extra_save_iters": [],
        "fused_kernels_build_path": str(paths.kernels),
    }


def _logging() -> Config:
    return {"log_interval": 1, "steps_per_print": 10, "wall_clock_breakdown": False, "use_wandb": False}
