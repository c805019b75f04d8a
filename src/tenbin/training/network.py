"""The network in training: weights, moments and one optimiser step, with its state as plain arrays.

Micro-batches bound memory; they do not change what is computed beyond the order of float additions.

Numerics bf16 keep weights, moments and sums in fp32. The output layer, where small models spend their time, multiplies
values rounded to bf16; so do, in networks wide enough for it to pay, the layers' matrix products, by torch's autocast.
"""

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tenbin.errors import UserError
from tenbin.kernels.inputs import describe_not_finite
from tenbin.kernels.linear_cross_entropy import linear_cross_entropy
from tenbin.model import Architecture, GPTNeoX
from tenbin.study.catalogue import Schedule
from tenbin.training.checkpoints import FIRST_MOMENTS, SECOND_MOMENTS, WEIGHTS
from tenbin.training.divergence import DivergedError
from tenbin.training.learning_rate import learning_rate
from tenbin.training.optimizer import AdamW, clip_gradients
from tenbin.training.spec import NetworkShape

Arrays = Mapping[str, NDArray[np.float32]]
BF16_BODY_WIDTH = 128
"""Hidden size from which bf16 makes the layers faster on processors that multiply in it. A constant, for numerics must
not follow the hardware: measured 0.97 of fp32's speed at 64 and 1.38 at 256 with AMX, 1.06 at 64, 1.6 at 128 and 2.1 at
256 with AVX-512 BF16."""


class NetworkInTraining:
    """A network with its optimiser; equal states and batches give equal bits on one machine and thread count."""

    def __init__(
        self, shape: NetworkShape, schedule: Schedule, micro_batch: int | None = None, numerics: str = "fp32"
    ) -> None:
        self.schedule, self.numerics = schedule, numerics
        self.rounds_layers = numerics == "bf16" and shape.hidden_size >= BF16_BODY_WIDTH
        self.micro_batch = micro_batch or schedule.batch_size
        if schedule.batch_size % self.micro_batch:
            raise UserError(f"--micro-batch {self.micro_batch} does not divide the batch of {schedule.batch_size}")
        self.model = build_model(shape)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = AdamW(self.parameters, schedule.optimizer)
        self.cause: str | None = None
        """What was not finite when a loss was not."""

    def step(self, step: int, batch: Tensor) -> tuple[float, float]:
        """Take a step (from 1) on token ids [batch, sequence + 1]; return its loss (nats/token) and gradient norm.

        Raises DivergedError if either is not finite; the weights are then those before the step.
        """
        self.model.zero_grad()
        pieces = torch.split(batch, self.micro_batch)
        loss = math.fsum(self._accumulate(piece, 1.0 / len(pieces)) for piece in pieces)
        norm = clip_gradients(self.parameters.values(), self.schedule.optimizer.gradient_clipping)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise DivergedError(step, loss, norm, self.cause)
        self.optimizer.update(step, learning_rate(step, self.schedule))
        return loss, norm

    def load_weights(self, weights: Arrays) -> None:
        """Copy weights, named as in the model, into it. Raises UserError if names or shapes differ."""
        copy_weights(weights, self.parameters)

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Return weights and moments as arrays that share the network's memory."""
        groups = self._groups().items()
        return {prefix + name: value.detach().numpy() for prefix, group in groups for name, value in group.items()}

    def load_state(self, state: Arrays) -> None:
        """Copy a state made by `state` into the network."""
        for prefix, group in self._groups().items():
            _copy({name: state[prefix + name] for name in group}, group)

    def _accumulate(self, sequences: Tensor, share: float) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.rounds_layers):
            hidden = self.model.hidden_states(sequences[:, :-1]).flatten(0, 1)
        targets = sequences[:, 1:].flatten()
        loss = linear_cross_entropy(hidden.float(), self.model.embed_out.weight, targets, self.numerics) * share
        loss.backward()  # type: ignore[no-untyped-call]
        if not loss.isfinite():
            self.cause = self.cause or describe_not_finite(hidden, self.model.embed_out.weight)
        return float(loss.detach())

    def _groups(self) -> dict[str, dict[str, Tensor]]:
        return {
            WEIGHTS: dict(self.parameters),
            FIRST_MOMENTS: self.optimizer.first_moments,
            SECOND_MOMENTS: self.optimizer.second_moments,
        }


def build_model(shape: NetworkShape) -> GPTNeoX:
    """Return a network of this shape whose weights are still to be loaded; its parameters are counted."""
    model = GPTNeoX(Architecture(**shape.model_dump(exclude={"n_nonembedding", "n_total"})))
    assert model.num_parameters() == (shape.n_nonembedding, shape.n_total)
    return model


def copy_weights(weights: Arrays, parameters: Mapping[str, Tensor]) -> None:
    """Copy weights into parameters of the same names. Raises UserError if names or shapes differ."""
    expected = {name: tuple(value.shape) for name, value in parameters.items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if expected != found:
        wrong = sorted(set(expected.items()) ^ set(found.items()))
        raise UserError(f"these weights are not of this network: {wrong[0][0]} has another shape or is missing")
    _copy(weights, parameters)


@torch.no_grad()
def _copy(arrays: Arrays, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        tensor.copy_(torch.from_numpy(arrays[name]))
