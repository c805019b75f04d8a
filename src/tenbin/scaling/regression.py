"""What a curve says of a size that it was not fitted to, and how surely.

The textbook prediction interval of a regression (Draper and Smith 1998, section 3.4): t s sqrt(1 + g (J'J)^-1 g'), with
s the residual scatter in relative units, J the derivative of ln L at the fitted sizes and g at the new one. The scatter
about the curve holds seeds and misfit at once, so nothing is resampled over a handful of sizes.

What the interval does not hold: a bend of the true curve beyond the fitted sizes.
"""

import numpy as np
from scipy.stats import t as t_distribution

from tenbin.scaling.fitting import fit
from tenbin.scaling.forms import FittedCurves, FloatArray, Form
from tenbin.scaling.intervals import CONFIDENCE


def predict(form: Form, n: FloatArray, losses: FloatArray, at: float) -> tuple[FloatArray, FloatArray | None]:
    """Return the losses (curves,) that a form predicts at N = `at`, and intervals (2, curves), None where it has none.

    `n` is (sizes,), `losses` (curves, sizes), nats/token. There is no interval with as many parameters as sizes.
    """
    curves = fit(form, n, losses)
    predicted = curves.loss_at(np.array([at]))[:, 0]
    freedom = len(n) - form.num_parameters
    if freedom < 1 or not (curves.amplitude_at_n0 > 0).all():
        return predicted, None
    scatter = ((losses / curves.loss_at(n) - 1) ** 2).sum(axis=1) / freedom
    spread = np.sqrt(scatter * (1 + _leverage(form, curves, n, at)))
    half = t_distribution.ppf((1 + CONFIDENCE) / 2, freedom) * spread
    return predicted, np.stack([predicted * np.exp(-half), predicted * np.exp(half)])


def _leverage(form: Form, curves: FittedCurves, n: FloatArray, at: float) -> FloatArray:
    """Return g (J'J)^-1 g' of each curve."""
    fitted, new = _log_derivatives(form, curves, n), _log_derivatives(form, curves, np.array([at]))
    inverse = np.linalg.pinv(np.swapaxes(fitted, 1, 2) @ fitted)
    return np.asarray((new @ inverse @ np.swapaxes(new, 1, 2))[:, 0, 0])


def _log_derivatives(form: Form, curves: FittedCurves, n: FloatArray) -> FloatArray:
    """Return the derivatives (curves, n, parameters) of ln L by ln A, alpha and, where the form has one, E."""
    loss = curves.loss_at(n)
    reducible = loss - curves.constant[:, None]
    columns = [reducible, -np.log(n / curves.n0) * reducible]
    columns += [np.ones_like(loss)] if form.has_constant else []
    return np.stack([column / loss for column in columns], axis=2)
