"""What a law says of points that nobody has measured.

The interval holds what resampling moves: the uncertainty of the fit. It holds neither the noise of one more run nor
the error of the form, which grows with the distance from the fitted points.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tenbin.errors import UserError
from tenbin.scaling.laws.bootstrap import Resampled
from tenbin.scaling.laws.fitting import Fit
from tenbin.scaling.laws.form import Form
from tenbin.scaling.laws.points import parse_pairs

TAILS = (0.025, 0.975)


def parse_point(text: str) -> dict[str, float]:
    """Return KEY=NUMBER,... as a mapping. Raises UserError that shows the spelling."""
    try:
        return {key: float(value) for key, value in parse_pairs(text, "--forecast").items()}
    except ValueError:
        raise UserError(f"--forecast {text!r} holds no number; write KEY=NUMBER,KEY=NUMBER, such as n=1e9") from None


def describe_forecasts(
    fitted: Fit, resampled: Resampled | None, asked: Sequence[Mapping[str, float]], vocabulary: int | None
) -> list[dict[str, Any]]:
    """Return the losses at points, nats per token, with intervals where the rows were resampled.

    Raises UserError for a point that lacks a variable or has an impossible value, and where the law says more than
    ln(vocabulary), what guessing costs.
    """
    if vocabulary is not None and vocabulary < 2:
        raise UserError(f"--vocabulary {vocabulary}: a vocabulary has at least 2 tokens; 50304 is GPT-NeoX's")
    return [_describe(fitted, resampled, point, vocabulary) for point in asked]


def _describe(
    fitted: Fit, resampled: Resampled | None, point: Mapping[str, float], vocabulary: int | None
) -> dict[str, Any]:
    form = fitted.problem.form
    _check(form, point)
    columns = {key: np.array([value]) for key, value in point.items()}
    loss = float(np.exp(form.log_loss(columns, fitted.theta))[0, 0])
    if vocabulary and loss > np.log(vocabulary):
        raise UserError(
            f"{form.name} forecasts {loss:.1f} nats/token, above ln({vocabulary}) = {np.log(vocabulary):.2f}, what "
            "guessing costs: the law does not hold there; ask nearer to the fitted points"
        )
    drawn = np.exp(form.log_loss(columns, resampled.theta))[:, 0] if resampled else None
    interval = None if drawn is None else [float(end) for end in np.quantile(drawn, TAILS)]
    return {"at": dict(point), "loss_nats_per_token": loss, "interval": interval}


def _check(form: Form, point: Mapping[str, float]) -> None:
    wanted = {variable.key: variable for variable in form.variables}
    if set(point) != set(wanted):
        raise UserError(f"--forecast names {', '.join(point) or 'nothing'}; {form.name} needs {', '.join(wanted)}")
    for key, value in point.items():
        if not np.isfinite(value) or value < 0 or (value == 0 and not wanted[key].may_be_zero):
            raise UserError(f"--forecast {key}={value:g}: it must be a finite number above 0")
