"""Forecasts: intervals that cover as often as they say, and files that are written once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.scaling.forecasts import list_forecasts, restore_index
from tenbin.scaling.forms import POWER_LAW, POWER_LAW_WITH_CONSTANT, Form
from tenbin.scaling.predicting import Target, predict_largest
from tenbin.scaling.regression import predict

N = np.array([3_312.0, 12_768.0, 50_112.0, 198_528.0, 445_248.0])
TARGET = Target(size="d192l1", n_nonembedding=445_248, curves=(("en", "it500"),))
SIMULATIONS = 2000


@pytest.mark.parametrize(
    ("form", "sizes", "constant", "lowest", "highest"),
    [
        (POWER_LAW, 4, 0.0, 0.94, 0.96),
        (POWER_LAW_WITH_CONSTANT, 4, 2.0, 0.93, 0.97),
        (POWER_LAW_WITH_CONSTANT, 5, 2.0, 0.93, 0.97),
    ],
)
def test_intervals_cover_as_often_as_they_say(
    form: Form, sizes: int, constant: float, lowest: float, highest: float
) -> None:
    n, largest = N[:sizes], N[sizes - 1] * 3
    truth = constant + 2.5 * (np.append(n, largest) / 50_000) ** -0.25
    noise = np.random.default_rng(0).normal(0, 0.002, (SIMULATIONS, sizes + 1))
    losses = truth * np.exp(noise)
    _, ends = predict(form, n, losses[:, :sizes], largest)
    assert ends is not None
    covered = ((ends[0] <= losses[:, -1]) & (losses[:, -1] <= ends[1])).mean()
    assert lowest <= covered <= highest


def test_as_many_parameters_as_sizes_give_a_loss_and_no_interval() -> None:
    predicted, ends = predict(POWER_LAW_WITH_CONSTANT, N[:3], np.array([[4.5, 4.2, 4.0]]), N[4])
    assert 3 < predicted[0] < 4
    assert ends is None


def test_losses_that_do_not_fall_with_size_give_no_interval_of_the_form_with_a_constant() -> None:
    _, ends = predict(POWER_LAW_WITH_CONSTANT, N[:4], np.array([[4.0, 4.1, 4.2, 4.3]]), N[4])
    assert ends is None


def write_losses(folder: Path, losses: tuple[float, ...] = (4.5, 4.2, 4.05, 3.9), **changes: Any) -> list[Path]:
    paths = []
    for size, n, loss in zip(("e3", "e4", "d64l1", "d128l1"), N, losses, strict=False):
        row = {"mix": "en", "size": size, "schedule": "it500", "seed": 0, "valid": "en", "lang": "en", "steps": 500}
        row |= {"n_nonembedding": int(n), "loss_nats_per_token": loss, "loss_stderr": 0.01, "bits_per_byte": 2.0}
        paths.append(folder / size / "en.json")
        write_json(paths[-1], row | changes)
    return paths


def forecast(folder: Path, losses: list[Path]) -> list[Path]:
    predict_largest(
        losses=losses,
        target=TARGET,
        runs=[folder / "largest"],
        folder=folder / "predictions",
        out=folder / "predictions.json",
    )
    return list_forecasts(folder / "predictions")


def test_a_forecast_holds_both_forms_and_says_which_was_chosen(tmp_path: Path) -> None:
    (path,) = forecast(tmp_path, write_losses(tmp_path))
    (curve,) = read_json(path)["curves"]
    assert set(curve["forms"]) == {"power_law", "power_law_with_constant"}
    chosen = curve["forms"][curve["chosen_form"]]
    assert chosen["interval"][0] < chosen["loss_nats_per_token"] < chosen["interval"][1]
    assert read_json(path)["begun"] == []


def test_the_same_losses_make_no_new_file_and_others_a_second_one(tmp_path: Path) -> None:
    (first,) = forecast(tmp_path, write_losses(tmp_path))
    before = first.read_bytes()
    (tmp_path / "predictions.json").unlink()
    assert forecast(tmp_path, write_losses(tmp_path)) == [first]
    both = forecast(tmp_path, write_losses(tmp_path, (4.5, 4.2, 4.05, 3.8)))
    assert [path.name.split("-")[0] for path in both] == ["1", "2"]
    assert first.read_bytes() == before
    named = [entry["file"] for entry in read_json(tmp_path / "predictions.json")["forecasts"]]
    assert named == [f"predictions/{path.name}" for path in both]


def test_a_run_that_had_begun_is_told(tmp_path: Path) -> None:
    write_json(tmp_path / "largest" / "segments" / "4.json", {})
    (path,) = forecast(tmp_path, write_losses(tmp_path))
    assert read_json(path)["begun"] == [str(tmp_path / "largest")]


def test_a_curve_of_two_sizes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no forecast of d192l1 for mix en, schedule it500: 2 sizes"):
        forecast(tmp_path, write_losses(tmp_path)[:2])
    assert not (tmp_path / "predictions.json").exists()


def test_a_deleted_index_comes_back_as_old_as_its_last_forecast(tmp_path: Path) -> None:
    (first,) = forecast(tmp_path, write_losses(tmp_path))
    index = tmp_path / "predictions.json"
    before = index.read_bytes()
    index.unlink()
    restore_index(tmp_path / "predictions", index)
    assert index.read_bytes() == before
    assert index.stat().st_mtime_ns == first.stat().st_mtime_ns


def test_a_changed_forecast_is_refused(tmp_path: Path) -> None:
    (first,) = forecast(tmp_path, write_losses(tmp_path))
    first.write_text(json.dumps(json.loads(first.read_text()) | {"size": "other"}))
    (tmp_path / "predictions.json").unlink()
    with pytest.raises(UserError, match="damaged"):
        restore_index(tmp_path / "predictions", tmp_path / "predictions.json")
