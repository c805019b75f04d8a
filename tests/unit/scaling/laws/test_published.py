"""Published fits, from the published losses."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from tenbin.scaling.laws.bootstrap import bootstrap
from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import fit
from tenbin.scaling.laws.mixtures import mixing_law

pytestmark = pytest.mark.golden
HUBER = Estimator("huber", 1e-3)


def test_chinchilla_by_hubers_loss(chinchilla_points, expected):
    found = fit(FORMS["chinchilla"], HUBER, *chinchilla_points)
    answer = expected["chinchilla_svg_extracted"]["huber_1e-3_reproduced"]
    assert len(chinchilla_points[1]) == 240
    assert found.objective <= 1.018274019e-3
    assert found.parameters == pytest.approx({name: answer[name] for name in found.parameters}, rel=1e-4)
    assert found.restart_agreement > 0.9


def test_chinchilla_by_absolute_deviations(chinchilla_points, expected):
    found = fit(FORMS["chinchilla"], Estimator("lad"), *chinchilla_points)
    answer = expected["chinchilla_svg_extracted"]["LAD_reproduced"]
    assert found.objective <= answer["sum_abs_log_resid"] * (1 + 1e-8)
    assert found.parameters == pytest.approx({name: answer[name] for name in found.parameters}, rel=1e-5)


@pytest.mark.parametrize(("kind", "key"), [("log", "log_OLS"), ("absolute", "raw_OLS")])
def test_chinchilla_by_least_squares(kind, key, chinchilla_points, expected):
    found = fit(FORMS["chinchilla"], Estimator(kind), *chinchilla_points)
    answer = expected["chinchilla_svg_extracted"]["other_estimators_reproduced"][key]
    assert found.parameters == pytest.approx({name: answer[name] for name in found.parameters}, rel=5e-4)


def test_chinchilla_intervals(chinchilla_points, expected, monkeypatch):
    """The published intervals, from the resamples that they were made from: numpy's old generator at seed 42."""
    drawn = np.random.RandomState(42)
    weights = [np.bincount(drawn.choice(240, 240), minlength=240) for _ in range(4000)]
    monkeypatch.setattr("tenbin.scaling.laws.bootstrap.resampling_weights", lambda *_: np.array(weights, float))
    found = bootstrap(fit(FORMS["chinchilla"], HUBER, *chinchilla_points), resamples=4000, seed=0)
    answer = expected["chinchilla_svg_extracted"]
    for interval in found.intervals:
        ends = [interval.low, interval.high]
        assert ends == pytest.approx(answer["bootstrap4000_ci95_reproduced_same_resamples"][interval.name], rel=1e-3)
        assert ends == pytest.approx(answer["bootstrap4000_ci95_pub"][interval.name], rel=0.01)
        assert interval.standard_error == pytest.approx(answer["se_pub"][interval.name], rel=0.01)
        assert interval.identified


TESTBED = {("d=96_l=8_h=4", "20.0"), ("d=96_l=8_h=4", "320.0")} | {
    (f"d={shape}", "20.0") for shape in ("512_l=8_h=4", "576_l=24_h=8", "1024_l=24_h=8")
}


@pytest.mark.parametrize("dataset", ["c4_original", "rw_original"])
def test_overtraining(dataset, published, expected):
    rows = [row for row in published("gadre_testbed_c4_rw.csv") if row["dataset_name"] == dataset]
    rows = [row for row in rows if (row["model_name"], row["tok_mult"]) in TESTBED]
    n, d, losses = (np.array([float(row[key]) for row in rows]) for key in ("N", "D", "loss_c4_val"))
    found = fit(FORMS["overtraining"], Estimator("absolute"), {"n": n, "d": d}, losses)
    answer = next(iter(expected["gadre_testbed_c4_rw"].values()))[dataset]
    assert found.parameters == pytest.approx({name: answer[name] for name in found.parameters}, rel=2e-5)


def test_losses_along_the_optimum_of_compute(published, expected):
    rows = published("porian_optimal_pairs_rw.csv")
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in ("hparams", "warmup", "decay", "param_count", "val")), []).append(
            row
        )
    found = [_fit_compute(group) for group in groups.values()]
    for answer in expected["porian_optimal_pairs_rw"]["pub_L_of_C_A_E_alpha"]:
        nearest = min(found, key=lambda fitted: abs(fitted["alpha"] - answer[2]))
        assert [nearest[name] for name in ("A", "E", "alpha")] == pytest.approx(answer, rel=1e-3)


def _fit_compute(rows):
    flops, losses = (np.array([float(row[key] or "nan") for row in rows]) for key in ("flops", "loss"))
    kept = (flops > 1e16) & (flops < 5e17) & np.isfinite(losses)
    return fit(FORMS["power_law_constant"], Estimator("log"), {"n": flops[kept]}, losses[kept]).parameters


@pytest.mark.parametrize(("runs", "seeds", "least", "most"), [(54, (0, 1, 2), 0.87, 0.92), (512, (0,), 0.95, 0.956)])
def test_the_mixing_law_ranks_unseen_mixes(runs, seeds, least, most, published):
    """Ye's law in 16 proportions, a fit a domain; Spearman's correlation on 256 unseen mixes, the mean of 13 domains.

    54 runs, three times the parameters, are reported to rank with .93 to .94. Plain least squares gives .88 to .91 in
    eight draws; a penalty of (k / 1000)^2 on each k, which there is none of here, gave .923 to .939 in three. Without
    the law's constant it is .72, and .845 with all 512 runs.
    """
    (x, y), (unseen, losses) = (_mixtures(published, part) for part in ("train", "test"))
    for seed in seeds:
        drawn = np.random.default_rng(seed).choice(512, runs, replace=False)
        fits = [
            _fit_mixture({key: column[drawn] for key, column in x.items()}, y[drawn, domain]) for domain in range(13)
        ]
        found = [_rank(fitted, unseen, losses[:, domain]) for domain, fitted in enumerate(fits)]
        assert least <= np.mean(found) <= most


def test_the_mixing_law_ranks_better_than_a_line(published):
    """Pile-CC from 512 runs; published for linear regression 0.9016."""
    (x, y), (unseen, losses) = (_mixtures(published, part) for part in ("train", "test"))
    assert _rank(_fit_mixture(x, y[:, 8]), unseen, losses[:, 8]) == pytest.approx(0.965, abs=0.005)


def _fit_mixture(proportions, losses):
    return fit(mixing_law(16), Estimator("log"), proportions, losses)


def _rank(fitted, unseen, losses):
    return spearmanr(fitted.problem.form.log_loss(unseen, fitted.theta)[0], losses).statistic


def _mixtures(published, part):
    weights, losses = (
        np.array([list(row.values())[1:] for row in published(f"regmix_{part}_{kind}_1m.csv")], float)
        for kind in ("mixture", "pile_loss")
    )
    return {f"p{i + 1}": weights[:, i] for i in range(16)}, losses
