"""One law for both curves: known worth comes back, intervals cover it, and sharing is refuted where it is not so."""

from collections.abc import Callable

import numpy as np
import pytest

from tenbin.scaling.comparing.joint import RELATIVE, fit_joint
from tenbin.scaling.comparing.pairs import PairedSize
from tenbin.scaling.laws.bilingual import BILINGUAL_FREE, BILINGUAL_SHARED, BILINGUAL_SHARED_EXPONENT
from tenbin.scaling.laws.fitting import fit, refit
from tenbin.scaling.laws.profiles import profile_ends
from tenbin.scaling.laws.solver import Problem
from tenbin.scaling.points import Point, RunId, SizePoints

STUDY_SIZES = np.array([3312, 12768, 100096, 2369792, 18915328, 302311424.0])
RHO = 0.8
NOISE = 0.002
Law = Callable[[float], float]


def law(n: float) -> float:
    return float(1.5 + 40 * n**-0.3)


def make_sizes(mono: Law, mix: Law, noise: float = 0.0, sizes: int = 6) -> list[PairedSize]:
    rng = np.random.default_rng(3)

    def side(name: str, loss: float, n: float) -> SizePoints:
        counts = {"n_nonembedding": n, "n_total": n + 1e6}
        point = Point(RunId(name, f"n{n:.0f}", "s", 0), "v", "en", counts, loss, None, None, None)
        return SizePoints(point.run.size, counts, (point,))

    return [
        PairedSize(
            *(side(name, f(n) * (1 + noise * rng.standard_normal()), n) for name, f in (("a", mono), ("b", mix)))
        )
        for n in STUDY_SIZES[:sizes]
    ]


def test_known_worth_comes_back() -> None:
    found = fit_joint(make_sizes(law, lambda n: law(RHO * n)), "n_nonembedding")
    assert found["parameters"] == pytest.approx({"E": 1.5, "A": 40, "alpha": 0.3, "rho": RHO}, rel=1e-6)
    # Without any noise there is nothing to test by.
    assert found["sharing"] == {"exponent": None, "constant": None, "both": None}


def test_noisy_worth_lies_in_its_interval_and_sharing_stands() -> None:
    found = fit_joint(make_sizes(law, lambda n: law(RHO * n), NOISE), "n_nonembedding")
    low, high = found["intervals"]["rho"]
    assert low < RHO < high
    assert high - low < 0.1
    assert found["notes"] == []
    assert found["sharing"]["both"]["p"] > 0.05


def test_another_exponent_refutes_sharing() -> None:
    found = fit_joint(make_sizes(law, lambda n: 1.5 + 60 * n**-0.34, NOISE), "n_nonembedding")
    assert found["sharing"]["exponent"]["p"] < 0.01
    assert any("a shared exponent is refuted" in note for note in found["notes"])


def test_another_constant_refutes_sharing() -> None:
    found = fit_joint(make_sizes(law, lambda n: law(n) + 0.1, NOISE), "n_nonembedding")
    assert found["sharing"]["constant"]["p"] < 0.01
    assert found["sharing"]["exponent"]["p"] > 0.01


def test_too_few_sizes_and_an_unknown_definition_are_not_fitted() -> None:
    found = fit_joint(make_sizes(law, law, sizes=3), "n_nonembedding")
    assert not found["fitted"]
    assert "4 sizes" in found["reason"]
    assert not fit_joint(make_sizes(law, law), "n_unknown")["fitted"]
    assert not fit_joint([], "n_total")["fitted"]


def test_intervals_cover_and_tests_keep_their_size_at_the_sizes_of_the_study() -> None:
    columns = {"n": np.repeat(STUDY_SIZES, 2), "mix": np.tile([0.0, 1.0], 6)}
    truth = BILINGUAL_SHARED.theta(E=1.5, A=40, alpha=0.3, rho=RHO)
    noise = NOISE * np.random.default_rng(1).standard_normal((300, 12))
    log_loss = BILINGUAL_SHARED.log_loss(columns, truth) + noise
    forms = (BILINGUAL_SHARED, BILINGUAL_SHARED_EXPONENT, BILINGUAL_FREE)
    shared, exponent, free = (
        refit(fit(form, RELATIVE, columns, np.exp(log_loss[0])), log_loss, np.ones((1, 12))) for form in forms
    )
    problem = Problem(BILINGUAL_SHARED, RELATIVE, columns, log_loss, np.ones((1, 12)))
    ends = profile_ends(problem, shared.theta)
    assert 0.9 < ((ends.low[:, 3] <= RHO) & (ends.high[:, 3] >= RHO)).mean() < 0.98
    # F(1, 6) and F(1, 7) are above these in 5 % of the cases.
    assert 0.02 < ((exponent.objective / free.objective - 1) * 6 > 5.987).mean() < 0.09
    assert 0.02 < ((shared.objective / exponent.objective - 1) * 7 > 5.591).mean() < 0.09
