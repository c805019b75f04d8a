"""The whole plan as a reader sees it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from priced import MIX_E3, MakeStudy, lay_out_segment, on_torch, planned, segments, sharing

from tenbin.pricing.identities import PlannedJob
from tenbin.pricing.page import make_plan, publish_plan
from tenbin.study.model import Study

Publish = Callable[..., str]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Return a function that publishes the plan of a study and some jobs, and returns the terminal's text."""

    def make(study: Study, *jobs: PlannedJob) -> str:
        return publish_plan(make_plan(study, jobs), tmp_path / "plan.csv", tmp_path / "plan.md")

    return make


def everything(study: Study) -> list[PlannedJob]:
    """Return the jobs of a study of which nothing exists."""
    made = "Missing output files: x"
    jobs = [PlannedJob("fetch_hub_file", {}, made) for _ in range(1063)]
    jobs += [planned("write_spec", run) for run in study.runs()]
    jobs += [
        job
        for run in study.runs()
        for job in segments(run, *range(50_000, study.schedules[run.schedule].steps + 1, 50_000))
    ]
    return [PlannedJob(job.rule, job.wildcards, made) for job in jobs]


def line_of(text: str, *starts: str) -> str:
    """Return the first line that begins with some words, set apart by blanks."""
    return next(line for line in text.splitlines() if line.split()[: len(starts)] == list(starts))


def test_the_published_study_is_priced_whole(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study()
    text = publish(study, *everything(study))
    assert "18: 18 to train" in text
    assert "12,146 GPU-hours in all, 12,146 left; 36,438 tokens in all" in text
    assert "within the 15,000 of execution.budget_gpu_hours" in text
    assert line_of(text, "pilemc4ja", "e7", "it200k").split()[4:] == (
        ["18,915,328", "70,426,624", "629", "200,000", "1.92e+20", "8", "1.80", "model", "4.17", "4.9", "800", "2,400"]
    )
    assert line_of(text, "fetch_hub_file").split() == ["fetch_hub_file", "1,063", "not", "made", "yet"]
    assert line_of(text, "d5120l36", "it200k").endswith("does not fit 40 GB")


def test_each_published_time_stands_beside_the_models_with_its_error(make_study: MakeStudy, publish: Publish) -> None:
    text = publish(make_study()).split("The time model")[1]
    assert line_of(text, "e7").split() == ["e7", "8", "4.9", "4.17", "-15.0", "%", "2.117", "1.800", "941", "800"]
    assert line_of(text, "e8").split()[:6] == ["e8", "32", "4.1", "4.44", "+8.3", "%"]
    assert "2.42 microseconds + FLOPs per token / 142 TFLOP/s" in text


def test_the_terminal_is_no_wider_than_160_columns(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study()
    assert max(map(len, publish(study, *everything(study)).splitlines())) <= 160


def test_the_page_holds_the_same_tables(make_study: MakeStudy, publish: Publish, tmp_path: Path) -> None:
    study = make_study()
    text, page = publish(study, *everything(study)), (tmp_path / "plan.md").read_text()
    titles = [
        above for above, below in zip(text.splitlines(), text.splitlines()[1:], strict=False) if set(below) == {"="}
    ]
    assert [f"## {title}" for title in titles[:-1]] == [line for line in page.splitlines() if line.startswith("## ")]
    assert page.startswith(f"# {titles[-1]}\n")
    assert "- **Training**: 12,146 GPU-hours" in page
    assert len((tmp_path / "plan.csv").read_text().splitlines()) == 1 + 18 + 15


def test_packing_says_that_it_changes_nothing_by_the_model_and_is_untested(
    make_study: MakeStudy, publish: Publish
) -> None:
    text = publish(make_study()).split("packed on shared GPUs")[1].split("Sizes that are not selected")[0]
    assert "so packing changes no GPU-hour" in " ".join(text.split())
    assert "Nobody has tried it here" in text
    assert "12,146 GPU-hours planned, 12,146 packed" in text
    expected = ["8", "2.24", "2", "429", "share", "1", "17.9", "14", "429", "6"]
    assert line_of(text, "pilemc4ja", "e3").split()[4:] == expected
    assert not any(line.split()[1:2] in (["e7"], ["e8"]) for line in text.splitlines())


def test_shared_gpus_are_planned_where_they_are_chosen(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study(sharing)
    text = publish(study, *everything(study))
    assert "12,146 GPU-hours in all, 12,146 left; 36,438 tokens in all" in text
    assert "packed on shared GPUs" not in text
    left = text.split("What is left to train")[1]
    assert line_of(left, "pilemc4ja", "e3").split()[7:12] == ["429", "14", "32.2", "48.0", "share"]
    assert line_of(left, "pilemc4ja", "e7").split()[7:12] == ["800", "4", "25.0", "48.0", "regular-a"]


def test_what_jobs_ask_for_is_shown_after_why_they_run(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study()
    asks = {"queue": "share", "gpu": 1, "threads": 8, "runtime": 720}
    text = publish(study, PlannedJob("tokenize_shard", {}, asks=asks), PlannedJob("fetch_hub_file", {}))
    assert text.index("What would run") < text.index("What the jobs ask") < text.index("What the runs read")
    assert "What the jobs ask" not in publish(study, *everything(study))


def test_retrain_and_recheck_are_told_apart(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study(lambda config: config["study"].update(engine="torch"))
    lay_out_segment(study, MIX_E3, 100_000, [1.0], ranks=8)
    text = publish(study, *segments(MIX_E3, 100_000, 200_000))
    assert line_of(text, "train_segment:", "train", "or", "retrain").split()[4] == "1"
    assert line_of(text, "train_segment:", "re-check,").split()[-1] != "0"
    assert line_of(text.split("What is left")[1], "pilemc4ja", "e3").split()[4:7] == ["to", "train", "100,000"]
    assert "17 fresh" in text


def test_measured_seconds_are_marked_and_explained(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study(lambda config: config["study"].update(engine="torch"))
    lay_out_segment(study, MIX_E3, 200_000, [1.5], ranks=8)
    text = publish(study)
    assert line_of(text.split("What the runs cost")[1], "pilemc4ja", "e3").split()[10:12] == ["1.50", "measured"]
    assert "Measured seconds are the median" in text


def test_a_call_over_budget_and_a_budget_that_is_not_set_are_said(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study(lambda config: config["execution"].update(budget_gpu_hours=100))
    assert "would train 12,146 GPU-hours, over: it would stop before its first job" in publish(
        study, *everything(study)
    )
    free = make_study(lambda config: config["execution"].update(budget_gpu_hours=None))
    assert "Budget    none" in publish(free, *everything(free))


def test_a_study_on_the_cpu_has_no_gpu_hours_and_sensible_units(make_study: MakeStudy, publish: Publish) -> None:
    study = make_study(on_torch)
    assert "GPU" not in publish(study).split("Disk\n====")[0]
    lay_out_segment(study, MIX_E3, 200, [0.36])
    text = publish(study)
    assert "minutes" in text
    assert line_of(text.split("What the runs cost")[1], "pilemc4ja", "e3").split()[-3:] == ["0.360", "measured", "1.20"]


def test_nothing_to_do_is_said(make_study: MakeStudy, publish: Publish) -> None:
    assert "Nothing: everything is up to date." in publish(make_study())


def test_a_machine_that_nothing_was_fitted_to_is_named(make_study: MakeStudy, publish: Publish) -> None:
    text = publish(make_study(lambda config: config["execution"]["site"].update(gpu="H100-80GB")))
    assert "Nothing was fitted to H100-80GB" in text
