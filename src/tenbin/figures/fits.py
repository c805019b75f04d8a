"""The fitted curves of results/scaling/{valid}.json, as figures and the summary read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tenbin.files import read_json

Parameters = Literal["nonembedding", "total"]
PARAMETERS: tuple[Parameters, ...] = ("nonembedding", "total")

FORM_NAMES = {"power_law": "power law", "power_law_with_constant": "power law + constant"}


@dataclass(frozen=True)
class Estimate:
    """A fitted number and its 95 % interval.

    The interval is the profile's, which knows of the misfit of the sizes; with as many parameters as sizes that of
    seeds and documents; none where nothing was repeated.
    """

    value: float
    interval: tuple[float, float] | None
    identified: bool = True

    def describe(self, digits: int) -> str:
        """Return `0.213 [0.180, 0.250]`, or that there is nothing worth its digits."""
        if not self.identified:
            return "not identified"
        ends = [f"{end:.{digits}f}" for end in self.interval or ()]
        return f"{self.value:.{digits}f}" + (f" [{', '.join(ends)}]" if ends else "")


@dataclass(frozen=True)
class Fit:
    """The chosen form of one curve: loss (nats/token) against one count of parameters."""

    form: str
    exponent: Estimate
    constant: Estimate | None
    """E (nats/token), the loss that no size goes below; None in the pure power law."""
    leave_largest_out_errors: Mapping[str, float | None]
    """Relative error at the largest size, fitted without it, by form."""
    curve: Mapping[str, Sequence[float | None]]
    """Columns n, loss, low and high along the curve."""
    forecast: Mapping[str, Any] | None
    """What the same form, fitted to all smaller sizes, says of the largest: n, predicted, interval."""

    def describe(self) -> str:
        """Return the law in one line, such as `exponent 0.213 [0.180, 0.250], constant 3.21`."""
        constant = f", constant {_value(self.constant)}" if self.constant else ", no constant"
        return f"exponent {self.exponent.describe(3)}{constant}"


@dataclass(frozen=True)
class Curve:
    """One training mix at one schedule on one validation set."""

    mix: str
    schedule: str
    fits: Mapping[Parameters, Fit]
    reasons: Mapping[Parameters, str]
    """Why there is no fit, for the counts of parameters that have none."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ScalingFile:
    """All curves of one validation set."""

    valid: str
    language: str
    estimator: str
    """What was minimised, and where intervals come from."""
    curves: tuple[Curve, ...]


def read_scaling(path: Path) -> ScalingFile:
    """Read a sealed scaling file."""
    content = read_json(path)
    curves = tuple(map(_read_curve, content["curves"]))
    return ScalingFile(content["valid"], content["language"], content["estimator"], curves)


def _read_curve(entry: Mapping[str, Any]) -> Curve:
    found = {parameters: entry["fits"][f"n_{parameters}"] for parameters in PARAMETERS}
    return Curve(
        entry["mix"],
        entry["schedule"],
        fits={parameters: _read_fit(fit) for parameters, fit in found.items() if fit["fitted"]},
        reasons={parameters: fit["reason"] for parameters, fit in found.items() if not fit["fitted"]},
        notes=tuple(entry["notes"]),
    )


def _read_fit(fit: Mapping[str, Any]) -> Fit:
    chosen = fit["forms"][fit["chosen_form"]]
    return Fit(
        form=fit["chosen_form"],
        exponent=_read_estimate(chosen, "exponent"),
        constant=None if fit["chosen_form"] == "power_law" else _read_estimate(chosen, "constant"),
        leave_largest_out_errors={name: form["leave_largest_out_error"] for name, form in fit["forms"].items()},
        curve=fit["curve"],
        forecast=chosen["forecast_of_largest"],
    )


def _read_estimate(form: Mapping[str, Any], name: str) -> Estimate:
    profiled = form["profile_intervals"] or {}
    ends = profiled.get(name) or form["intervals"][name]
    identified = (form["identified"] or {}).get(name, True)
    return Estimate(form["parameters"][name], (ends[0], ends[1]) if ends else None, identified)


def _value(estimate: Estimate) -> str:
    return f"{estimate.value:.2f}" if estimate.identified else "not identified"
