import numpy as np
import pytest

from tenbin.scaling.laws.catalogue import FORMS
from tenbin.scaling.laws.estimators import Estimator
from tenbin.scaling.laws.fitting import fit
from tenbin.scaling.laws.heldout import held_out, leave_largest_out

from .conftest import STUDY_SIZES


def test_exact_losses_are_predicted_exactly():
    losses = 1.5 + 40 * STUDY_SIZES**-0.3
    errors = held_out(fit(FORMS["power_law_constant"], Estimator("log"), {"n": STUDY_SIZES}, losses))
    assert errors["leave_largest_out"] < 1e-9
    assert errors["leave_two_out"] < 1e-9


def test_a_wrong_form_is_found_out_at_the_largest_size():
    losses = 1.5 + 40 * STUDY_SIZES**-0.3
    found = leave_largest_out(fit(FORMS["power_law"], Estimator("log"), {"n": STUDY_SIZES}, losses))
    slope, offset = np.polyfit(np.log(STUDY_SIZES[:5]), np.log(losses[:5]), 1)
    by_hand = np.exp(offset + slope * np.log(STUDY_SIZES[5])) / losses[5] - 1
    assert found == pytest.approx(abs(by_hand), rel=1e-6)


def test_too_few_points_have_no_such_error():
    losses = 1.5 + 40 * STUDY_SIZES[:4] ** -0.3
    fitted = fit(FORMS["power_law_constant"], Estimator("log"), {"n": STUDY_SIZES[:4]}, losses)
    assert held_out(fitted) == {"leave_largest_out": None, "leave_two_out": None}
