import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.scaling.laws.catalogue import FORMS, find_form, list_forms
from tenbin.scaling.laws.form import sum_terms
from tenbin.scaling.laws.solver import jacobian_of

from .conftest import TRUTHS


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=15, deadline=None)
@given(jitter=st.lists(st.floats(-0.2, 0.2), min_size=7, max_size=7))
def test_gradient_agrees_with_differences(name, jitter):
    form = FORMS[name]
    values = {key: value * (1 + shift) for (key, value), shift in zip(TRUTHS[name].items(), jitter, strict=False)}
    theta, columns = form.theta(**values), COLUMNS
    eta, slopes = form.terms(columns, theta)
    jacobian = jacobian_of(sum_terms(eta)[1], slopes)[0]
    for i in range(theta.shape[1]):
        step = 1e-6 * max(1.0, abs(theta[0, i])) * np.eye(theta.shape[1])[i]
        found = (form.log_loss(columns, theta + step) - form.log_loss(columns, theta - step))[0] / (2 * step[i])
        np.testing.assert_allclose(jacobian[i], found, rtol=1e-5, atol=2e-7 * (1 + np.abs(found).max()))


@pytest.mark.parametrize("name", FORMS)
def test_says_what_it_is(name):
    form = FORMS[name]
    assert form.source
    assert len(set(form.names)) == len(form.names) == form.bounds()[0].size
    assert name in list_forms()


def test_kaplan_agrees_with_the_formula():
    theta = FORMS["kaplan"].theta(**TRUTHS["kaplan"])
    n, d = 1e8, 1e10
    by_hand = ((6.4e13 / n) ** (0.076 / 0.103) + 1.8e13 / d) ** 0.103
    found = FORMS["kaplan"].log_loss({"n": np.array([n]), "d": np.array([d])}, theta)
    assert np.exp(found[0, 0]) == pytest.approx(by_hand, rel=1e-13)


def test_overtraining_is_a_power_of_compute_at_fixed_tokens_per_parameter():
    """Gadre's own variables: L - E = alpha N^b + beta 6^(b/2) (M N)^b with M = D/N."""
    n, m = 1e8, 20.0
    found = FORMS["overtraining"].log_loss(
        {"n": np.array([n]), "d": np.array([m * n])}, FORMS["overtraining"].theta(E=1.5, alpha=113, beta=190, b=-0.24)
    )
    assert np.exp(found[0, 0]) == pytest.approx(1.5 + 113 * n**-0.24 + 190 * 6**-0.12 * (m * n) ** -0.24, rel=1e-13)


def test_repetition_gives_the_published_values_to_all_digits():
    """The README of huggingface/datablations prints these two losses."""
    form = FORMS["data_constrained"]
    logs = {"E": 0.6254804, "A": 6.255414, "B": 7.3049974}
    values = {key: float(np.exp(value)) for key, value in logs.items()}
    theta = form.theta(**values, alpha=0.3526596, beta=0.3526596, R_D=15.387756, R_N=5.309743)
    columns = {"n": np.array([6.34e9, 8.67e9]), "d": np.array([242e9, 178e9]), "u": np.full(2, 25e9)}
    found = np.exp(form.log_loss(columns, theta))[0]
    np.testing.assert_allclose(found, [2.2256440889984477, 2.2269634075087867], rtol=4e-15)


def test_bimix_is_the_ratio_law_without_its_term_of_size(columns):
    bimix = FORMS["bimix"].log_loss(columns, FORMS["bimix"].theta(C=2, B=300, beta=0.28, alpha=0.06))
    ratio = FORMS["ratio_law"].theta(E=2, A=0, B=300, alpha=0.3, beta=0.28, gamma=0.06)
    np.testing.assert_allclose(FORMS["ratio_law"].log_loss(columns, ratio), bimix, rtol=1e-14)


def test_transfer_with_no_worth_is_chinchilla(columns):
    truth = TRUTHS["chinchilla"]
    transfer = FORMS["transfer"].log_loss(columns, FORMS["transfer"].theta(**truth, tau=0))
    np.testing.assert_allclose(transfer, FORMS["chinchilla"].log_loss(columns, FORMS["chinchilla"].theta(**truth)))


def test_unknown_form_lists_those_there_are():
    with pytest.raises(UserError, match="no form chinchila; there are power_law, "):
        find_form("chinchila")


def _columns():
    generator = np.random.default_rng(2)
    found = {key: 10 ** generator.uniform(7, 11, 9) for key in ("n", "d", "other")} | {"u": np.full(9, 1e9)}
    return found | {f"p{i}": generator.uniform(0.05, 0.3, 9) for i in ("", 1, 2, 3)} | {"mix": np.arange(9) % 2 * 1.0}


COLUMNS = _columns()
