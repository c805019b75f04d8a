"""Fitting laws: the Chinchilla fit with 1,000 resamples, and six-point curves, in processor time of one thread.

The peer is the procedure published with the Chinchilla replication (Besiroglu et al. 2024, arXiv:2404.10102), written
here: scipy's L-BFGS-B with numeric gradients from 4,500 starts, then BFGS with exact gradients on each resample, from
the truth, which is as good a start as the best of them. It takes minutes, so that its time is that of a random sample
of its starts and resamples, scaled up; each round takes another sample of starts, beside a whole fit of ours. Losses
are drawn from a known law at 240 points.
"""

import time
from collections.abc import Callable, Iterator
from itertools import product
from statistics import median
from typing import Any

import numpy as np
from scipy.optimize import minimize
from tables import Row

from tenbin.scaling.laws.bootstrap import bootstrap, resampling_weights
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import fit, refit
from tenbin.scaling.laws.form import FloatArray
from tenbin.scaling.laws.profiles import profile

ROUNDS = 5
DELTA = 1e-3
RESAMPLES = 1000
# Of ln A, ln B, ln E, alpha, beta: the published 4,500.
STARTS = np.array(
    list(product(range(0, 26, 5), range(0, 26, 5), np.arange(-1, 1.5, 0.5), *[np.arange(0, 2.5, 0.5)] * 2))
)
SAMPLED_STARTS, SAMPLED_RESAMPLES = 30, 15
SIZES = np.array([3312, 12768, 100096, 2369792, 18915328, 302311424.0])
CURVES = 12


def measure() -> Iterator[Row]:
    """Yield the rows of both figures."""
    yield from measure_chinchilla()
    yield measure_six_points()


def measure_chinchilla() -> Iterator[Row]:
    """Yield our time for fit and resamples, and the peer's over it."""
    columns, losses = draw_points()
    peer = Peer(columns, losses)
    ours, ratios = [], []
    for number in range(ROUNDS):
        ours.append(cpu_s(lambda: fit_and_resample(columns, losses)))
        ratios.append(peer.estimate_s(np.random.default_rng(number)) / ours[-1])
    how = f"{SAMPLED_STARTS} of {len(STARTS):,} starts, {SAMPLED_RESAMPLES} of {RESAMPLES:,} resamples, scaled"
    yield "E + A/N^alpha + B/D^beta, 240 points, fit + 1,000 resamples", f"{median(ours):.3f} CPU-s", "<= 0.5 s"
    yield f"the same, published procedure over ours ({how})", f"{median(ratios):.0f} x", ">= 200 x"


def measure_six_points() -> Row:
    """Return our time for twelve curves of six points, each fitted, profiled and refitted to 1,000 replicates."""
    taken = [cpu_s(fit_curves) for _ in range(ROUNDS)]
    return "twelve six-point curves x 1,000 refits, with profiles", f"{median(taken):.3f} CPU-s", "<= 1 s"


def draw_points() -> tuple[dict[str, FloatArray], FloatArray]:
    """Return 240 points of a known law with heavy-tailed noise."""
    generator = np.random.default_rng(0)
    columns = {"n": 10 ** generator.uniform(7.7, 10.2, 240), "d": 10 ** generator.uniform(8.5, 11.5, 240)}
    form = FORMS["chinchilla"]
    clean = form.log_loss(columns, form.theta(E=1.82, A=482, B=2085, alpha=0.348, beta=0.366))[0]
    return columns, np.exp(clean + 0.004 * generator.standard_t(3, 240))


def fit_and_resample(columns: dict[str, FloatArray], losses: FloatArray) -> None:
    """Do ours."""
    bootstrap(fit(FORMS["chinchilla"], Estimator("huber", DELTA), columns, losses), RESAMPLES, seed=0)


def fit_curves() -> None:
    """Do the six-point work."""
    form, estimator = FORMS["power_law_constant"], Estimator("log")
    generator = np.random.default_rng(0)
    for _ in range(CURVES):
        clean = form.log_loss({"n": SIZES}, form.theta(E=1.5, A=40, alpha=0.3))
        noisy = clean + 0.003 * generator.standard_normal((RESAMPLES + 1, 6))
        fitted = fit(form, estimator, {"n": SIZES}, np.exp(noisy[0]))
        profile(fitted)
        refit(fitted, noisy[1:], np.ones((1, 6)))


def cpu_s(work: Callable[[], Any]) -> float:
    """Return the processor time that work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


class Peer:
    """The published procedure, one problem at a time."""

    def __init__(self, columns: dict[str, FloatArray], losses: FloatArray) -> None:
        self.log_n, self.log_d, self.log_loss = np.log(columns["n"]), np.log(columns["d"]), np.log(losses)
        self.best = np.log([482, 2085, 1.82, np.exp(0.348), np.exp(0.366)])

    def estimate_s(self, generator: np.random.Generator) -> float:
        """Return what the whole procedure would take, from a sample of its parts."""
        starts = STARTS[generator.choice(len(STARTS), SAMPLED_STARTS, replace=False)]
        one = np.ones_like(self.log_loss)
        grid_s = cpu_s(lambda: [minimize(self.objective, s, args=(one,), method="L-BFGS-B") for s in starts])
        weights = resampling_weights(len(one), SAMPLED_RESAMPLES, seed=0)
        resampled_s = cpu_s(
            lambda: [minimize(self.objective, self.best, args=(w,), jac=self.gradient, method="BFGS") for w in weights]
        )
        return grid_s * len(STARTS) / SAMPLED_STARTS + resampled_s * RESAMPLES / SAMPLED_RESAMPLES

    def objective(self, theta: FloatArray, weights: FloatArray) -> float:
        """Return Huber's loss of ln A, ln B, ln E, alpha, beta."""
        r, _ = self.residuals(theta)
        inside = np.clip(r, -DELTA, DELTA)
        return float((weights * inside * (r - inside / 2)).sum())

    def gradient(self, theta: FloatArray, weights: FloatArray) -> FloatArray:
        """Return its gradient."""
        r, (a, b, e) = self.residuals(theta)
        slope = weights * np.clip(r, -DELTA, DELTA)
        return np.array([(slope * part).sum() for part in (a, b, e, -a * self.log_n, -b * self.log_d)])

    def residuals(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return ln Lhat - ln L and the shares of the three terms."""
        log_a, log_b, log_e, alpha, beta = theta
        eta = np.stack([log_a - alpha * self.log_n, log_b - beta * self.log_d, log_e + 0 * self.log_n])
        total = np.logaddexp.reduce(eta, axis=0)
        return total - self.log_loss, np.exp(eta - total)
