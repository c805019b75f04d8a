"""Runs in segments: what a changed length, queue or schedule makes, and decay branches of one trunk."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from harness import Workflow, lay_out, skip_or_fail

pytestmark = pytest.mark.slow

SEGMENTED = {"segment_steps": {"e3": 5, "e4": 9}}


def small(config: dict[str, Any]) -> None:
    """Leave one mix and both sizes, cut into segments."""
    config["study"]["blocks"] = [{"mixes": ["monoen"], "sizes": ["e3", "e4"], "schedule": "it12"}]
    config["execution"] = dict(SEGMENTED)


def loss_rows(study: Workflow, mix: str) -> list[dict[str, str]]:
    rows = csv.DictReader(study.losses().decode().splitlines())
    return [row for row in rows if row["mix"] == mix]


def losses(study: Workflow, mix: str) -> set[tuple[str, str, str]]:
    return {(row["size"], row["valid"], row["loss_nats_per_token"]) for row in loss_rows(study, mix)}


def test_a_segmented_run_ends_in_the_losses_of_an_uncut_one(workflow: Workflow, finished_once: Workflow) -> None:
    workflow.edit(small)
    assert workflow.plan()["train_segment"] == 3 + 2
    workflow.run()
    assert losses(workflow, "monoen") == losses(finished_once, "monoen")
    assert workflow.steps_taken() == 2 * 12
    assert "Nothing to be done" in workflow.run()

    workflow.edit(lambda config: config["execution"].update(segment_steps={"e3": 4}))
    assert workflow.plan() == {}, "finished segments stay as they are"

    queues = {"queues": {"night": {"walltime_h": 1}}}
    placements = {"e3": {"queue": "night", "micro_batch": 2}}
    workflow.edit(lambda config: config["execution"].update(site=queues, placements=placements))
    assert workflow.plan() == {}, "where and how long a job runs is no reason to train"


def test_shared_gpus_are_no_reason_to_train_again(finished: Workflow) -> None:
    shared = {"placements": {"e3": {"queue": "share", "micro_batch": 2}}, "segment_steps": {"e3": 5}}
    site = {"queues": {"share": {"walltime_h": 48, "max_gpus": 2}}}
    finished.edit(lambda config: config.update(execution={"site": site, "shared": shared}))
    assert finished.plan() == {}
    assert finished.plan("--config", "execution={share_gpus: true}") == {}
    finished.edit(lambda config: config["execution"].update(share_gpus=True))
    assert finished.plan() == {}
    finished.edit(lambda config: config["study"].update(seeds=[1]))
    assert finished.plan()["train_segment"] == 2 * 3 + 5 + 3, "12 and 24 steps of e3 are cut in fives, e4 is not"


LONG, LIMIT_H, MARGIN_S = 100_000, 9 / 3600, 4.0


def long_run(config: dict[str, Any]) -> None:
    """Leave one run that no machine ends in a job of a few seconds."""
    config["schedules"]["long"] = config["schedules"]["it12"] | {"steps": LONG}
    config["study"]["blocks"] = [{"mixes": ["monoen"], "sizes": ["e3"], "schedule": "long"}]


def limit(config: dict[str, Any]) -> None:
    site = {"queues": {"short": {"walltime_h": LIMIT_H}}}
    config["execution"] = {"site": site, "placements": {"e3": {"queue": "short"}}, "stop_margin_s": MARGIN_S}


def test_a_job_stops_before_its_time_limit_is_retried_and_goes_on(workflow: Workflow, tmp_path: Path) -> None:
    uncut = lay_out(tmp_path / "uncut", workflow.checkout)
    for study in (workflow, uncut):
        study.edit(long_run)
    workflow.edit(limit)
    stopped = workflow.fail("train")
    assert "before the time limit" in next(workflow.results.glob("logs/train_segment/**/*.log")).read_text()
    assert "tenbin: error" not in stopped, "to stop in time is no error of anyone's"

    reached = workflow.steps_taken()
    assert reached > 0
    for study in (workflow, uncut):
        study.edit(lambda config: config.setdefault("execution", {}).update(segment_steps={"e3": 2 * reached}))
    segment = f"results/tiny/runs/monoen/e3/long/seed0/segments/{2 * reached}.json"
    workflow.run(segment, "--retries", "40")
    uncut.run(segment)
    ours, theirs = (study.losses_of_steps() for study in (workflow, uncut))
    assert len(ours) == 2 * reached, "no step is taken twice"
    assert ours == theirs


def test_a_longer_schedule_is_a_new_run(finished: Workflow) -> None:
    def lengthen(config: dict[str, Any]) -> None:
        config["study"]["blocks"].append({"mixes": ["monoen"], "sizes": ["e3"], "schedule": "it24"})

    finished.edit(lengthen)
    assert finished.plan()["train_segment"] == 1


def branches(config: dict[str, Any]) -> None:
    """One constant trunk and two branches that leave it and decay: three points of loss against tokens."""
    trunk = config["schedules"]["it24"] | {"decay": "constant"}
    leave = {"decay": "linear", "branch_of": "trunk"}
    config["schedules"] = {
        "trunk": trunk,
        "short": trunk | leave | {"branch_step": 8, "steps": 12},
        "long": trunk | leave | {"branch_step": 20, "steps": 24},
    }
    config["study"]["blocks"] = [
        {"mixes": ["both"], "sizes": ["e3"], "schedule": schedule} for schedule in ("short", "long")
    ]


def test_branches_train_their_trunk_once(workflow: Workflow) -> None:
    workflow.edit(branches)
    planned = workflow.plan()
    assert planned["train_segment"] == 2 + 2, "the trunk to 8 and 20, and a decay each"
    assert planned["write_spec"] == 3
    assert planned["order_corpus"] == 2, "branches read the trunk's samples"
    workflow.run()
    assert workflow.steps_taken() == 20 + 4 + 4
    rows = {row["schedule"]: row for row in loss_rows(workflow, "both") if row["valid"] == "tinyen"}
    assert {name: int(row["steps"]) for name, row in rows.items()} == {"short": 12, "long": 24}
    history = (workflow.results / "runs/both/e3/long/seed0/history.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(history) == 24
    assert "Nothing to be done" in workflow.run()


@pytest.mark.neox
def test_both_engines_train_the_same_through_the_same_rules(workflow: Workflow, tmp_path: Path) -> None:
    home = os.environ.get("TENBIN_NEOX_HOME") or skip_or_fail("neox", "$TENBIN_NEOX_HOME names no checkout of GPT-NeoX")
    torch_study = lay_out(tmp_path / "torch", workflow.checkout)
    for study, engine in ((workflow, "neox"), (torch_study, "torch")):
        study.edit(lambda config, engine=engine: on_engine(config, engine, str(home)))
        study.run()
    assert workflow.steps_taken() == torch_study.steps_taken() == 2 * 24
    for size in ("e3", "e4"):
        ours, theirs = (history(study, size) for study in (workflow, torch_study))
        assert len(ours) == len(theirs) == 24
        assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= 4e-6
    held_out = [sorted(losses(study, "both")) for study in (workflow, torch_study)]
    for ours, theirs in zip(*held_out, strict=True):
        assert float(ours[2]) == pytest.approx(float(theirs[2]), abs=4e-6)


def on_engine(config: dict[str, Any], engine: str, home: str) -> None:
    """Train the mix in segments and on two processes."""
    config["study"] |= {"engine": engine, "seeds": [1]}
    config["study"]["blocks"] = [{"mixes": ["both"], "sizes": ["e3", "e4"], "schedule": "it24"}]
    config["neox"] = {"home": home}
    placements = {"e4": {"processes_per_node": 2, "micro_batch": 1}}
    config["execution"] = {"segment_steps": {"e3": 10}, "placements": placements}


def history(study: Workflow, size: str) -> list[float]:
    lines = (study.results / f"runs/both/{size}/it24/seed1/history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["loss"] for line in lines]
