"""`snakemake plan` and the budget, with the real Snakemake."""

import csv
import shutil
from typing import Any

import pytest
from harness import Workflow

pytestmark = pytest.mark.slow


def read_rows(workflow: Workflow) -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows of plan.csv by mix and size."""
    with (workflow.results / "plan.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["mix"], row["size"]): row for row in csv.DictReader(stream)}


def price(workflow: Workflow, *arguments: str) -> str:
    """Return what `snakemake plan` prints."""
    return workflow.run(*arguments, "plan")


def states(workflow: Workflow) -> set[str]:
    return {row["state"] for row in read_rows(workflow).values()}


def on_gpus(config: dict[str, Any]) -> None:
    """Plan for one GPU a run, at a charge."""
    placement = {"gpus_per_node": 1, "micro_batch": 4}
    config["execution"] = {"placements": {"e3": placement, "e4": placement}, "budget_gpu_hours": 0}
    config["execution"]["site"] = {"charge_per_gpu_hour": 3}


def test_an_untouched_study_is_planned_whole_and_nothing_else_is_made(workflow: Workflow) -> None:
    workflow.run("plan", "--dry-run")
    assert not (workflow.results / "plan.md").exists()
    printed = price(workflow)
    assert "6: 6 to train" in printed
    assert "train_segment: train or retrain" in printed
    assert {path.name for path in workflow.results.iterdir()} == {"logs", "plan.csv", "plan.md"}
    rows = read_rows(workflow)
    assert len(rows) == 6
    assert {row["steps_left"] for row in rows.values()} == {"12", "24"}
    assert rows["both", "e3"]["n_nonembedding"] == "3312"
    assert (workflow.results / "plan.md").read_text().startswith("# Plan of results/tiny (CPU)\n")


def test_a_finished_study_is_fresh_and_its_speeds_are_measured(finished: Workflow) -> None:
    printed = price(finished)
    assert "Nothing: everything is up to date." in printed
    assert states(finished) == {"fresh"}
    assert {row["speed_source"] for row in read_rows(finished).values()} == {"measured"}
    assert all(float(row["seconds_per_step"]) > 0 for row in read_rows(finished).values())
    assert finished.plan() == {}, "a plan leaves nothing that makes other jobs stale"


def test_the_plan_is_made_anew_at_every_call(finished: Workflow) -> None:
    price(finished)
    (finished.results / "plan.md").write_text("old")
    finished.edit(lambda config: config["schedules"]["it12"].update(peak_learning_rate=0.02))
    printed = price(finished)
    assert "settings changed (schedule.peak_learning_rate 0.01 -> 0.02)" in printed
    assert "retrain" in (finished.results / "plan.md").read_text()
    by_mix = {mix: row["state"] for (mix, _), row in read_rows(finished).items()}
    assert by_mix == {"monoen": "to train", "monoja": "to train", "both": "fresh"}


def test_a_deleted_run_folder_is_a_recheck(finished: Workflow) -> None:
    shutil.rmtree(finished.results / "runs" / "both" / "e4")
    printed = price(finished)
    assert "train_segment: re-check, no step is taken" in printed
    assert "train_segment: train or retrain" not in printed
    rows = read_rows(finished)
    assert (rows["both", "e4"]["state"], rows["both", "e4"]["steps_left"]) == ("re-check", "0")
    assert {row["state"] for key, row in rows.items() if key != ("both", "e4")} == {"fresh"}


def test_changed_text_makes_runs_uncertain_until_it_is_read(finished: Workflow) -> None:
    with (finished.folder / "text" / "en.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"text": "The miller weighs one more pear on the bridge."}\n')
    printed = price(finished)
    assert "retrain, or re-check if the data come out as before" in printed
    assert states(finished) == {"uncertain"}


def test_config_from_the_command_line_reaches_the_plan(finished: Workflow) -> None:
    price(finished, "--config", "figures={dpi: 72}", "--")
    printed = (finished.results / "plan.md").read_text()
    assert "plot_" in printed
    assert "train_segment" not in printed


def test_a_wrong_config_is_one_line(workflow: Workflow) -> None:
    workflow.edit(lambda config: config["schedules"]["it12"].update(stepz=1))
    assert "unknown key" in workflow.fail("plan")


def test_a_call_over_budget_stops_before_its_first_job_and_plans_do_not(workflow: Workflow) -> None:
    workflow.edit(on_gpus)
    printed = workflow.fail()
    assert "tenbin: error: this call would train" in printed
    assert "execution.budget_gpu_hours is 0" in printed
    assert not workflow.results.exists(), "nothing was started"
    workflow.run("--dry-run")
    assert "over: it would stop before its first job" in price(workflow)
    rows = read_rows(workflow)
    assert all(float(row["charge"]) == pytest.approx(3 * float(row["gpu_hours"])) for row in rows.values())


def test_a_recheck_is_within_a_budget_of_nothing(finished: Workflow) -> None:
    finished.edit(on_gpus)
    finished.run()
    shutil.rmtree(finished.results / "runs" / "both" / "e4")
    finished.run("train")
    assert (finished.results / "runs" / "both" / "e4" / "it24" / "seed0" / "done.json").exists()


def test_a_segment_too_long_for_its_queue_is_refused_after_the_plan_is_shown(workflow: Workflow) -> None:
    def narrow(config: dict[str, Any]) -> None:
        on_gpus(config)
        config["execution"]["site"]["queues"] = {"short": {"walltime_h": 1e-9}}
        config["execution"]["stop_margin_s"] = 0
        config["execution"]["placements"]["e3"] = {"gpus_per_node": 1, "micro_batch": 4, "queue": "short"}

    workflow.edit(narrow)
    printed = workflow.fail("plan")
    assert "tenbin: error: execution.segment_steps.e3: a segment of e3 takes about" in printed
    assert "What the runs cost" in printed
    assert (workflow.results / "plan.csv").exists()


def test_with_nolock_a_plan_leaves_a_running_studys_lock_alone(finished: Workflow) -> None:
    locks = finished.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    held = locks / "0.output.lock"
    held.write_text("results/tiny/losses.csv\n", encoding="utf-8")
    assert "up to date" in price(finished, "--nolock")
    assert held.exists()
