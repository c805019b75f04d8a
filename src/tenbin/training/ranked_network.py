"""The network on many processes: DeepSpeed's ZeRO stage 1 around this repository's own model and loss.

ZeRO (Rajbhandari et al. 2020) gives every rank the whole network and a share of the fp32 weights and moments. The
batch is split evenly; the mean of the ranks' means is the mean over the batch. Gradients are accumulated and averaged
in fp32 whatever the numerics, so that the split changes no more than the order of float additions. The optimiser is
torch's own AdamW, so that DeepSpeed has nothing to compile.
"""

import math
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import deepspeed
import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from tenbin.kernels.linear_cross_entropy import linear_cross_entropy
from tenbin.model import GPTNeoX
from tenbin.study.catalogue import Optimizer
from tenbin.study.execution import Placement
from tenbin.training.divergence import DivergedError
from tenbin.training.learning_rate import learning_rate
from tenbin.training.optimizer import decays
from tenbin.training.spec import RunSpec
from tenbin.training.step import StepTaken

LARGEST_BUCKET = 500_000_000
"""Numbers that are reduced or gathered at once: DeepSpeed's default, and GPT-NeoX's in its published settings."""
LOSS_SCALING = {"loss_scale": 0, "initial_scale_power": 12, "hysteresis": 2, "loss_scale_window": 1000}
"""fp16: the dynamic loss scaling of GPT-NeoX's 20B configuration."""


@dataclass(frozen=True)
class StepResult:
    """One step as all ranks know it."""

    loss: float
    """Mean loss of the batch in nats/token, before the update."""
    gradient_norm: float | None
    """Norm before clipping; none: gradients overflowed in fp16, the update was skipped and the loss scale lowered."""
    learning_rate: float
    loss_scale: float | None
    """Scale of the loss in this step's backward pass, in fp16."""
    asked: tuple[bool, ...]
    """What rank 0 asked of all ranks."""

    def taken(self, step: int, seconds: float) -> StepTaken:
        """Return the step as it is written down."""
        return StepTaken(step, self.loss, self.gradient_norm, self.learning_rate, seconds, self.loss_scale)


class LossModule(nn.Module):
    """Token ids [sequences, length + 1] to their mean loss in nats/token."""

    def __init__(self, model: GPTNeoX, checkpoint_activations: bool) -> None:
        super().__init__()
        self.model = model
        if checkpoint_activations:
            for layer in model.gpt_neox.layers:
                layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)

    def forward(self, sequences: Tensor) -> Tensor:
        """Return the mean cross-entropy; in half precision on GPUs from half-precision logits, as GPT-NeoX."""
        targets = sequences[:, 1:].flatten()
        with sequences.device:
            hidden = self.model.hidden_states(sequences[:, :-1]).flatten(0, 1)
            weight = self.model.embed_out.weight
            if weight.dtype == torch.float32:
                return linear_cross_entropy(hidden, weight, targets)
            if sequences.device.type == "cpu" and weight.dtype == torch.bfloat16:
                return linear_cross_entropy(hidden.float(), weight.float(), targets, "bf16")
            return functional.cross_entropy(functional.linear(hidden, weight).float(), targets)


class RankedNetwork:
    """This rank's part of a network in training. Every method is to be called by all ranks."""

    def __init__(self, model: GPTNeoX, spec: RunSpec, placement: Placement, device: torch.device) -> None:
        """Take a model with its weights loaded, in fp32."""
        self.schedule, self.device = spec.schedule, device
        self.parameters: dict[str, nn.Parameter] = dict(model.named_parameters())
        self.groups = [[p for p in self.parameters.values() if decays(p) is matrix] for matrix in (True, False)]
        self.optimizer = _adamw(self.groups, spec.schedule.optimizer, device)
        settings = describe_engine(spec, placement)
        self.micro_batch: int = settings["train_micro_batch_size_per_gpu"]
        # DeepSpeed prints a page on memory; its warnings come by another way.
        with redirect_stdout(None):
            self.engine, *_ = deepspeed.initialize(
                model=LossModule(model, placement.checkpoint_activations),
                optimizer=self.optimizer,
                config=settings,
                dist_init_required=False,
            )
        if self.scaler:
            self.scaler.raise_error_at_min_scale = False  # `_update` says what that is
        self.updates = 0
        """Updates applied so far: fewer than steps after overflows in fp16."""

    @property
    def scaler(self) -> Any:
        """Return DeepSpeed's dynamic loss scaler, none but in fp16."""
        scaler = getattr(self.engine.optimizer, "loss_scaler", None)
        return scaler if scaler is not None and scaler.dynamic else None

    def step(self, step: int, sequences: Tensor, asks: tuple[bool, ...]) -> StepResult:
        """Take a step (from 1) on this rank's token ids [batch / ranks, sequence + 1]; rank 0's `asks` reach all.

        Raises DivergedError, on all ranks alike, if the run diverged; the weights are then those before the step.
        """
        rate = learning_rate(step, self.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        *first, last = torch.split(sequences.to(self.device), self.micro_batch)
        losses = []
        for piece in first:
            losses.append(self._accumulate(piece))
            self.engine.step()
        losses.append(self._accumulate(last))
        loss, asked = self._agree(torch.stack(losses).mean(), asks)
        scale = self.scaler.cur_scale if self.scaler else None
        norm = self._update(step, loss)
        return StepResult(loss, norm, rate, scale, asked)

    def _accumulate(self, piece: Tensor) -> Tensor:
        loss: Tensor = self.engine(piece)
        self.engine.backward(loss)
        return loss.detach().double()

    def _agree(self, loss: Tensor, asks: tuple[bool, ...]) -> tuple[float, tuple[bool, ...]]:
        """Return the mean of the ranks' losses, and what rank 0 asks: the others ask nothing."""
        told = torch.stack([loss, *(loss.new_tensor(float(ask)) for ask in asks)])
        torch.distributed.all_reduce(told)
        total, *flags = told.tolist()
        return total / torch.distributed.get_world_size(), tuple(flag > 0.0 for flag in flags)

    def _update(self, step: int, loss: float) -> float | None:
        """Apply the gradients; return their norm, None if they overflowed in fp16 and the loss can be scaled less.

        A loss that is not finite has nothing to do with its scale: the run has diverged, in fp16 too.
        """
        if not math.isfinite(loss):
            raise DivergedError(step, loss, None)
        may_scale_less = bool(self.scaler) and self.scaler.cur_scale > self.scaler.min_scale
        self.engine.step()
        norm = float(self.engine.get_global_grad_norm())
        if math.isfinite(norm):
            self.updates += 1
            return norm
        if may_scale_less:
            return None
        raise DivergedError(step, loss, norm)


def describe_engine(spec: RunSpec, placement: Placement) -> dict[str, Any]:
    """Return DeepSpeed's configuration of a run in a place."""
    batch, ranks = spec.schedule.batch_size, placement.ranks
    micro_batch = placement.micro_batch or batch // ranks
    bucket = min(LARGEST_BUCKET, spec.architecture.n_total)
    return {
        "train_batch_size": batch,
        "train_micro_batch_size_per_gpu": micro_batch,
        "gradient_accumulation_steps": batch // (ranks * micro_batch),
        "gradient_clipping": spec.schedule.optimizer.gradient_clipping,
        "zero_optimization": {
            "stage": 1,
            "reduce_bucket_size": bucket,
            "allgather_bucket_size": bucket + bucket % 2,
            "overlap_comm": False,
        },
        "data_types": {"grad_accum_dtype": "fp32"},
        "communication_data_type": "fp32",
        **_numerics(spec.numerics),
    }


def _numerics(numerics: Literal["fp32", "bf16", "fp16"]) -> Mapping[str, Any]:
    if numerics == "fp16":
        return {"fp16": {"enabled": True, **LOSS_SCALING}}
    return {"bf16": {"enabled": True}} if numerics == "bf16" else {}


def _adamw(groups: list[list[nn.Parameter]], settings: Optimizer, device: torch.device) -> torch.optim.AdamW:
    decay = (settings.weight_decay, 0.0)
    return torch.optim.AdamW(
        [{"params": group, "weight_decay": rate} for group, rate in zip(groups, decay, strict=True)],
        betas=(settings.beta1, settings.beta2),
        eps=settings.epsilon,
        fused=device.type == "cuda",
    )
