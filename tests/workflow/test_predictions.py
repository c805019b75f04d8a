"""The largest size is forecast before it trains, and no forecast is ever a cause of training."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from harness import Workflow, lay_out

pytestmark = pytest.mark.slow

SIZES = ("e3", "e4", "d40l1", "d48l1")
FOLDER = "runs/monoen/d48l1/it4/seed0"
TARGETS = ("train", "results/tiny/scaling/claims.csv")
TRAINING = {"train_segment", "finish_run", "score_run", "write_spec", "collect_losses"}


def take_four_sizes(config: dict[str, Any]) -> None:
    config["sizes"] = {
        f"d{width}l1": {
            "hidden_size": width,
            "num_layers": 1,
            "num_heads": width // 8,
            "n_nonembedding": 12 * width**2 + 15 * width,
        }
        for width in (40, 48)
    }
    config["schedules"] = {"it4": config["schedules"]["it12"] | {"steps": 4, "warmup_share": 0.25}}
    config["mixes"] = {"monoen": config["mixes"]["monoen"]}
    config["study"]["valids"] = ["tinyen"]
    config["study"]["blocks"] = [{"mixes": ["monoen"], "sizes": list(SIZES), "schedule": "it4"}]


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Workflow:
    """Return a study of one mix at four sizes, trained and judged; the tests leave it as they found it."""
    study = lay_out(tmp_path_factory.mktemp("forecast"), repository)
    study.edit(take_four_sizes)
    study.run(*TARGETS)
    return study


def forecasts(study: Workflow) -> list[Path]:
    return sorted((study.results / "predictions").iterdir())


def test_the_largest_size_is_forecast_before_its_first_step_and_scored(forecast: Workflow) -> None:
    (path,) = forecasts(forecast)
    made = forecast.json(f"predictions/{path.name}")
    assert made["size"] == "d48l1"
    assert made["begun"] == []
    assert [entry["file"].split("/")[4] for entry in made["inputs"]] == list(SIZES[:3])
    markers = [forecast.results / FOLDER.replace("d48l1", size) / "segments" / "4.json" for size in SIZES]
    assert markers[2].stat().st_mtime_ns < path.stat().st_mtime_ns < markers[3].stat().st_mtime_ns
    scored = forecast.json("scaling/claims.json")["forecast"]
    assert scored["made_before_the_runs"]
    assert [row["measured"] is not None for row in scored["curves"]] == [True]


def test_a_finished_study_has_nothing_to_do_and_a_touched_or_deleted_index_trains_nothing(forecast: Workflow) -> None:
    index = forecast.results / "predictions.json"
    before, old = index.read_bytes(), forecasts(forecast)
    assert forecast.plan(*TARGETS) == {}
    os.utime(index)
    assert forecast.plan(*TARGETS) == {}
    index.unlink()
    assert forecast.plan(*TARGETS) == {}
    assert index.read_bytes() == before
    assert forecasts(forecast) == old


def test_a_forecast_made_again_from_the_same_losses_is_no_new_one_and_trains_nothing(forecast: Workflow) -> None:
    old = {path.name: path.read_bytes() for path in forecasts(forecast)}
    planned = forecast.plan(*TARGETS, "--forcerun", "predict_largest")
    assert planned["predict_largest"] == 1
    assert not TRAINING & set(planned)
    forecast.run("results/tiny/predictions.json", "--forcerun", "predict_largest")
    assert {path.name: path.read_bytes() for path in forecasts(forecast)} == old


def test_a_study_that_was_trained_before_there_were_forecasts_is_not_trained_anew(forecast: Workflow) -> None:
    for name in ("predictions", "predictions.json", "scaling/claims.csv", "scaling/claims.json", ".snakemake"):
        path = (forecast.folder if name == ".snakemake" else forecast.results) / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    planned = forecast.plan(*TARGETS)
    assert planned["predict_largest"] == 1
    assert not TRAINING & set(planned)
    forecast.run(*TARGETS)
    assert forecast.plan(*TARGETS) == {}
    (path,) = forecasts(forecast)
    assert forecast.json(f"predictions/{path.name}")["begun"] == [f"results/tiny/{FOLDER}"]
    assert not forecast.json("scaling/claims.json")["forecast"]["made_before_the_runs"]


def test_a_study_of_fewer_than_four_sizes_forecasts_nothing(workflow: Workflow) -> None:
    planned = workflow.plan()
    assert planned["judge_claims"] == 1
    assert "predict_largest" not in planned
