"""How long training takes: a cost per token and GPU plus FLOPs over a throughput, fitted to six published times.

The study was published with the days that each size took on the mix of both languages: 200,000 iterations of
1,536 x 2,048 tokens on A100-40GB GPUs. The three smallest take the same time although their work differs by a factor
of four, so a price by FLOPs alone would be wrong by orders of magnitude: at these sizes launching kernels, reading
data and adding up gradients cost more than the arithmetic. The model is therefore

    seconds per token and GPU = overhead + FLOPs per token / throughput

and its two constants minimise the squared logarithms of modelled over published time, each size counting the same.
The largest ran on four nodes and the others on one, so what the network costs is inside both constants. FLOPs are
those of `tenbin.flops`, unembedding and attention counted.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from tenbin.flops import training_flops_per_token
from tenbin.study.catalogue import PUBLISHED_VOCABULARY

PUBLISHED_STEPS, PUBLISHED_BATCH, PUBLISHED_LENGTH = 200_000, 1_536, 2_048
PUBLISHED_GPU = "A100-40GB"
SECONDS_PER_DAY, HOURS_PER_DAY = 86_400, 24
NEGLIGIBLE = 1e-4
"""The search ends where overhead or arithmetic is this small a share of the whole for every size."""
SEARCH_ROUNDS = 80
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class PublishedTime:
    """What one size took, on the mix of both languages."""

    size: str
    hidden_size: int
    num_layers: int
    gpus: int
    days: float

    @property
    def flops_per_token(self) -> int:
        """Return the training FLOPs of a token."""
        return training_flops_per_token(
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            padded_vocabulary=PUBLISHED_VOCABULARY,
            sequence_length=PUBLISHED_LENGTH,
        )

    @property
    def gpu_seconds_per_token(self) -> float:
        """Return the seconds that one GPU spent on a token."""
        return self.step_s * self.gpus / (PUBLISHED_BATCH * PUBLISHED_LENGTH)

    @property
    def step_s(self) -> float:
        """Return the seconds of an optimiser step."""
        return self.days * SECONDS_PER_DAY / PUBLISHED_STEPS

    @property
    def gpu_hours(self) -> float:
        """Return the GPU-hours of the run."""
        return self.days * HOURS_PER_DAY * self.gpus


PUBLISHED_TIMES = (
    PublishedTime("e3", 16, 1, 8, 2.2),
    PublishedTime("e4", 32, 1, 8, 2.2),
    PublishedTime("e5", 64, 2, 8, 2.3),
    PublishedTime("e6", 256, 3, 8, 2.8),
    PublishedTime("e7", 512, 6, 8, 4.9),
    PublishedTime("e8", 1024, 24, 32, 4.1),
)


@dataclass(frozen=True)
class TimeModel:
    """Seconds of training by FLOPs."""

    overhead_s: float
    """Seconds that a GPU spends on a token besides its arithmetic."""
    flops_per_second: float
    """Throughput of a GPU on the arithmetic."""

    def gpu_seconds_per_token(self, flops_per_token: float) -> float:
        """Return the seconds that one GPU spends on a token."""
        return self.overhead_s + flops_per_token / self.flops_per_second

    def iteration_s(self, flops_per_token: float, tokens_per_step: int, gpus: int) -> float:
        """Return the seconds of an optimiser step over some GPUs."""
        return self.gpu_seconds_per_token(flops_per_token) * tokens_per_step / gpus

    def error(self, published: PublishedTime) -> float:
        """Return modelled over published time, minus one."""
        return self.gpu_seconds_per_token(published.flops_per_token) / published.gpu_seconds_per_token - 1


@lru_cache(maxsize=1)
def published_model() -> TimeModel:
    """Return the model fitted to the published times of A100-40GB GPUs."""
    return fit_time_model([(time.flops_per_token, time.gpu_seconds_per_token) for time in PUBLISHED_TIMES])


def fit_time_model(measured: list[tuple[int, float]]) -> TimeModel:
    """Fit overhead and throughput to (FLOPs per token, seconds per token and GPU) by least squares of logarithms.

    The model is overhead x (1 + r FLOPs). For a given r the best overhead is a mean of logarithms, which leaves a
    search in one dimension, by golden sections.
    """
    flops = [flops for flops, _ in measured]
    low, high = math.log10(NEGLIGIBLE / max(flops)), -math.log10(NEGLIGIBLE * min(flops))
    for _ in range(SEARCH_ROUNDS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if _squared_residuals(measured, 10**left) <= _squared_residuals(measured, 10**right):
            high = right
        else:
            low = left
    ratio = 10 ** ((low + high) / 2)
    residuals = _residuals(measured, ratio)
    overhead_s = math.exp(math.fsum(residuals) / len(residuals))
    return TimeModel(overhead_s, 1 / (ratio * overhead_s))


def _squared_residuals(measured: list[tuple[int, float]], ratio: float) -> float:
    residuals = _residuals(measured, ratio)
    mean = math.fsum(residuals) / len(residuals)
    return math.fsum((residual - mean) ** 2 for residual in residuals)


def _residuals(measured: list[tuple[int, float]], ratio: float) -> list[float]:
    """Return log(seconds) - log(1 + r FLOPs): were the model exact, each would be the overhead's logarithm."""
    return [math.log(seconds) - math.log1p(ratio * flops) for flops, seconds in measured]
