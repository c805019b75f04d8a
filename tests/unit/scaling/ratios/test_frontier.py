"""Intervals of choices cover the truth, by simulation."""

import numpy as np
from sweeps import GAMMAS

from tenbin.scaling.intervals import NUM_REPLICATES, take_seeds
from tenbin.scaling.ratios.forms import FORMS
from tenbin.scaling.ratios.frontier import describe_frontier
from tenbin.scaling.ratios.laws import SizeFit, fit_size
from tenbin.scaling.ratios.sweep import SizeLosses

R = np.linspace(0, 1, 9)
NOISE = 0.004
SEEDS = 2
SIMULATIONS = 25


def simulate(language: str, p: np.ndarray, generator: np.random.Generator) -> dict[str, SizeFit]:  # type: ignore[type-arg]
    mean = 1.5 - GAMMAS[language] * np.log(np.maximum(p, 0.01))
    by_seed = mean[:, None] + NOISE * generator.standard_normal((len(p), SEEDS))
    drawn = [take_seeds("s", [np.full(NUM_REPLICATES, y) for y in cell]).mean(axis=1) for cell in by_seed]
    losses = tuple(tuple(np.exp(cell).tolist()) for cell in by_seed)
    log_loss, mixes = by_seed.mean(axis=1), tuple(map(str, p))
    size = SizeLosses("s", 3312.0, mixes, R, p, losses, log_loss, np.stack(drawn, axis=1), 0.5)
    return {form.name: fit_size(size, form) for form in FORMS}


def test_the_interval_of_a_choice_covers() -> None:
    generator, r = np.random.default_rng(2), np.linspace(0.125, 0.875, 10_001)
    truth = r[np.abs(GAMMAS["en"] * np.log(1 - r) - GAMMAS["ja"] * np.log(r)).argmin()]
    covered = 0
    for _ in range(SIMULATIONS):
        pair = [simulate("en", 1 - R, generator), simulate("ja", R, generator)]
        low, high = describe_frontier(pair, "ratio_law")[0]["choices"]["equal_cost"]["interval"]
        covered += low <= truth <= high
    assert covered >= 0.84 * SIMULATIONS
