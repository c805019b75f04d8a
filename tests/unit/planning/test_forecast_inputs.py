"""Which runs a forecast is made from, and which wait for it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenbin.files import write_json
from tenbin.planning import ForecastInputs, RunInputs

LARGEST = "d192l1"


def inputs(study: Any, results: str = "results") -> ForecastInputs:
    return ForecastInputs(study, RunInputs(study, results))


def job(mix: str, size: str, schedule: str) -> Any:
    return SimpleNamespace(mix=mix, size=size, schedule=schedule, seed="0", end_step="500")


def test_the_largest_size_waits_and_no_other(make_study) -> None:
    forecasts = inputs(make_study())
    assert forecasts.before(job("enja", LARGEST, "it1000")) == ["<results>/predictions.json"]
    assert forecasts.before(job("enja", "d128l1", "it1000")) == []


def test_a_run_that_had_begun_without_a_forecast_never_waits(make_study, tmp_path: Path) -> None:
    begun = tmp_path / "runs" / "enja" / LARGEST / "it1000" / "seed0"
    write_json(begun / "segments" / "500.json", {})

    def waits() -> tuple[bool, bool]:
        forecasts = inputs(make_study(), str(tmp_path))
        mixes = (("enja", "it1000"), ("en", "it500"))
        without, with_forecast = (bool(forecasts.before(job(mix, LARGEST, schedule))) for mix, schedule in mixes)
        return without, with_forecast

    assert waits() == (False, True)
    write_json(tmp_path / "predictions" / "1-a.json", {"begun": [str(begun)]})
    write_json(tmp_path / "runs" / "en" / LARGEST / "it500" / "seed0" / "segments" / "500.json", {})
    assert waits() == (False, True), "what waited once is not said to have begun without a forecast"


def test_a_forecast_is_made_from_all_smaller_runs_and_none_of_the_largest(make_study) -> None:
    forecasts = inputs(make_study())
    losses = forecasts.losses()
    assert len(losses) == 4 * 4 * 2 * 4, "curves, smaller sizes, seeds, validation sets"
    assert not [path for path in losses if LARGEST in path]
    assert len(forecasts.forecast_runs()) == 4 * 2
    assert forecasts.forecast_runs()[0].startswith("results/runs/en/d192l1/it500/")
    assert '"n_nonembedding":445248' in forecasts.target()


def test_a_curve_that_lacks_smaller_sizes_neither_waits_nor_is_forecast(make_study) -> None:
    def shorten(config: dict[str, Any]) -> None:
        config["study"]["blocks"][1]["sizes"] = ["e3", "e4", LARGEST]

    forecasts = inputs(make_study(shorten))
    assert forecasts.before(job("enja", LARGEST, "it1000")) == []
    assert forecasts.before(job("en", LARGEST, "it500")) == forecasts.index() == ["<results>/predictions.json"]
    assert not [path for path in forecasts.losses() if "it1000" in path]


@pytest.mark.parametrize("sizes", [["e3"], ["e3", "e4", "d64l1"]])
def test_fewer_than_four_sizes_have_no_forecast(make_study, sizes: list[str]) -> None:
    def shorten(config: dict[str, Any]) -> None:
        for block in config["study"]["blocks"]:
            block["sizes"] = sizes

    forecasts = inputs(make_study(shorten))
    assert forecasts.index() == forecasts.losses() == forecasts.forecast_runs() == []
    assert forecasts.before(job("en", sizes[-1], "it500")) == []
