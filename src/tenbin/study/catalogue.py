"""Catalogue entries for what is trained and measured: mixes, sizes, schedules, validation sets."""

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from tenbin.study.base import Entry, Identifier, LanguageCode

WEIGHT_TOLERANCE = 1e-9
PUBLISHED_VOCABULARY = 50_304
ROTARY_SHARE = 0.25
"""Share of a head's width that rotary embeddings turn (GPT-NeoX's rotary_pct of the published study)."""

Weight = Annotated[float, Field(gt=0, le=1)]
PositiveFactor = Annotated[float, Field(gt=0)]
OF_TRUNK = (
    *("batch_size", "sequence_length", "peak_learning_rate", "learning_rate_factors", "warmup_share", "optimizer"),
)
"""What a decay branch has of its trunk."""


class Mix(Entry):
    """Corpora and the share of the training tokens that each gives."""

    corpora: dict[Identifier, Weight] = Field(min_length=1)
    """Weights by corpus id; they sum to 1."""

    @field_validator("corpora")
    @classmethod
    def _weights_sum_to_one(cls, corpora: dict[str, float]) -> dict[str, float]:
        total = math.fsum(corpora.values())
        if abs(total - 1) > WEIGHT_TOLERANCE:
            raise ValueError(f"weights sum to {total!r}; they must sum to 1")
        return corpora


class Size(Entry):
    """The shape of a model. Heads do not change the number of parameters."""

    hidden_size: int = Field(gt=0)
    """Width d of the residual stream."""
    num_layers: int = Field(gt=0)
    """Number of transformer layers."""
    num_heads: int = Field(gt=0)
    """Attention heads."""
    n_nonembedding: int = Field(gt=0)
    """Parameters without the input and output embeddings, as a check."""
    n_total_v50304: int | None = Field(default=None, gt=0)
    """Parameters with both embeddings at vocabulary 50,304, as published; a check too."""

    def count_nonembedding(self) -> int:
        """Return L (12 d^2 + 13 d) + 2 d: weights, biases and LayerNorms of all layers and the final LayerNorm."""
        d = self.hidden_size
        return self.num_layers * (12 * d * d + 13 * d) + 2 * d

    def count_total(self, padded_vocabulary: int) -> int:
        """Return the parameters with the untied input and output embeddings."""
        return self.count_nonembedding() + 2 * padded_vocabulary * self.hidden_size

    def rotary_width(self) -> int:
        """Return how many dimensions of a head rotary embeddings turn."""
        return int(self.hidden_size // self.num_heads * ROTARY_SHARE)

    @model_validator(mode="after")
    def _shape_is_possible(self) -> "Size":
        if self.hidden_size % self.num_heads:
            raise ValueError(f"num_heads {self.num_heads} does not divide hidden_size {self.hidden_size}")
        if self.rotary_width() % 2 or not self.rotary_width():
            head = self.hidden_size // self.num_heads
            raise ValueError(
                f"rotary width {self.rotary_width()} (a quarter of the head width {head}) must be even and positive; "
                "choose num_heads so that the head width is a multiple of 8"
            )
        return self

    @model_validator(mode="after")
    def _counts_are_as_stated(self) -> "Size":
        if self.n_nonembedding != self.count_nonembedding():
            raise ValueError(f"n_nonembedding is {self.n_nonembedding}, the shape has {self.count_nonembedding()}")
        total = self.count_total(PUBLISHED_VOCABULARY)
        if self.n_total_v50304 is not None and self.n_total_v50304 != total:
            raise ValueError(f"n_total_v50304 is {self.n_total_v50304}, the shape has {total}")
        return self


class Optimizer(Entry):
    """AdamW as GPT-NeoX applies it: decoupled decay, none on biases and LayerNorms."""

    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the first moment."""
    beta2: float = Field(default=0.95, ge=0, lt=1)
    """Decay of the second moment."""
    epsilon: float = Field(default=1e-8, gt=0)
    """Added to the root of the second moment."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decoupled weight decay (per unit of learning rate)."""
    gradient_clipping: float = Field(default=1.0, gt=0)
    """Largest global L2 norm of the gradient."""


class Schedule(Entry):
    """How long a run trains and at which learning rate."""

    steps: int = Field(gt=0)
    """Optimiser steps (GPT-NeoX: iterations)."""
    batch_size: int = Field(gt=0)
    """Sequences a step."""
    sequence_length: int = Field(gt=1)
    """Tokens a sequence that are predicted."""
    peak_learning_rate: float = Field(gt=0)
    """Learning rate after warm-up."""
    final_learning_rate: float = Field(ge=0)
    """Learning rate that the decay ends at."""
    learning_rate_factors: dict[Identifier, PositiveFactor] = Field(default_factory=dict)
    """Factors of both learning rates by size, since small models take higher ones; 1 for sizes that are not named."""
    warmup_share: float = Field(default=0.01, ge=0, lt=1)
    """Share of the steps with a rising rate; GPT-NeoX's warm-up needs share x steps >= 1, or 0."""
    decay: Literal["cosine", "linear", "constant"] = "cosine"
    """How the rate falls after warm-up, or in a branch after it leaves its trunk."""
    branch_of: Identifier | None = None
    """A constant schedule, by id, that this one follows up to `branch_step` and then decays from (WSD)."""
    branch_step: int | None = Field(default=None, gt=0)
    """The trunk's step after which the decay begins; `steps` counts the trunk's steps too."""
    optimizer: Optimizer = Optimizer()
    """The optimiser."""

    @property
    def samples(self) -> int:
        """Sequences that a run reads."""
        return self.steps * self.batch_size

    @property
    def tokens(self) -> int:
        """Training tokens that a run sees."""
        return self.samples * self.sequence_length

    def of_size(self, size: str) -> "Schedule":
        """Return the schedule at the learning rates of a size."""
        factor = self.learning_rate_factors.get(size, 1.0)
        rates = {name: factor * getattr(self, name) for name in ("peak_learning_rate", "final_learning_rate")}
        return self.model_copy(update=rates | {"learning_rate_factors": {}})

    def misfit(self, trunk: "Schedule") -> str | None:
        """Return why this cannot be a decay branch of a trunk, or None if it can."""
        if trunk.branch_of or trunk.decay != "constant":
            return f"branch_of {self.branch_of}: only a schedule with decay: constant can have branches"
        for key in OF_TRUNK:
            if getattr(self, key) != getattr(trunk, key):
                return f"{key} is {getattr(self, key)}, the trunk {self.branch_of} has {getattr(trunk, key)}"
        if self.steps > trunk.steps:
            return (
                f"steps {self.steps}: the branch reads the samples of {self.branch_of}, which has {trunk.steps} steps"
            )
        if not trunk.warmup_share * trunk.steps < (self.branch_step or 0) < self.steps:
            return (
                f"branch_step {self.branch_step} must lie after the warm-up of {self.branch_of} and before {self.steps}"
            )
        return None

    @model_validator(mode="after")
    def _branches_decay(self) -> "Schedule":
        if (self.branch_of is None) != (self.branch_step is None):
            raise ValueError("branch_of and branch_step go together")
        if self.branch_of and self.decay == "constant":
            raise ValueError("a branch decays: set decay to linear or cosine")
        return self

    @model_validator(mode="after")
    def _rates_make_sense(self) -> "Schedule":
        if self.final_learning_rate > self.peak_learning_rate:
            raise ValueError(
                f"final_learning_rate {self.final_learning_rate} is above peak_learning_rate {self.peak_learning_rate}"
            )
        warmup_steps = 0 if self.branch_of else self.warmup_share * self.steps
        if 0 < warmup_steps < 1:
            raise ValueError(
                f"warmup_share {self.warmup_share} of {self.steps} steps is {warmup_steps:g} steps: with less than one "
                "GPT-NeoX's law starts above the peak; give 0 or at least one step"
            )
        return self


class Valid(Entry):
    """A validation set: one split of one corpus."""

    language: LanguageCode
    """The language it measures."""
    corpus: Identifier
    """The corpus, by its id."""
    split: Literal["train", "valid"] = "valid"
    """The split of the corpus."""
    in_domain: bool
    """Whether models of the study are trained on the other split of this corpus."""
