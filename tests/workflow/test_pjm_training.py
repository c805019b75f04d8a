"""Training jobs of PJM through the workflow: on two nodes, and cut by their time limit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulators.pjm.cluster import EmulatedPjm
from emulators.pjm.records import JobRecord
from harness import Workflow, lay_out, skip_or_fail
from pjm_runs import ON_A_NODE, Controller, Place, emulated, study_words

pytestmark = pytest.mark.slow

SPLIT = 1e-6
"""How far losses of two splits may be apart, in nats/token."""
LIMITED = ("--set-resources", "train_segment:runtime=30", "--")
CUTS = 3
SOME, LONG_S = 500, 20
"""Steps that tell how fast this machine is, and how long a run takes there that is to be cut."""
FIRST_LIMIT_S, PATIENCE = 5, 1.4
"""The first time limit; what it grows by with a job that it left no time for a step, and shrinks by with another."""


def one_run(steps: int) -> Callable[[dict[str, Any]], None]:
    """Return a change to the study that leaves one run."""

    def change(config: dict[str, Any]) -> None:
        config["schedules"]["long"] = config["schedules"]["it12"] | {"steps": steps}
        config["study"]["blocks"] = [{"mixes": ["monoen"], "sizes": ["e3"], "schedule": "long"}]

    return change


def prepared(study: Workflow, steps: int) -> Workflow:
    """Do here what comes before training."""
    study.edit(one_run(steps))
    study.run("results/tiny/runs/monoen/e3/long/seed0/spec.json")
    return study


def copy_of(study: Workflow, folder: Path, **execution: Any) -> Workflow:
    shutil.copytree(study.folder, folder)
    copy = Workflow(folder, study.checkout)
    copy.edit(lambda config: config.update(execution=execution))
    return copy


def history(study: Workflow, column: str) -> list[float]:
    lines = next(study.results.glob("runs/**/history.jsonl")).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)[column] for line in lines]


def losses(study: Workflow) -> list[float]:
    return history(study, "loss")


def training_jobs(pjm: EmulatedPjm) -> list[JobRecord]:
    return [job for job in pjm.jobs() if job.name.endswith("train_segment")]


def test_two_nodes_of_a_job_train_what_one_does(workflow: Workflow, tmp_path: Path) -> None:
    if not shutil.which("mpirun"):
        skip_or_fail("mpi", "mpirun not installed (openmpi-bin): several nodes of PJM were not checked")
    one = prepared(workflow, 24)
    two = copy_of(one, tmp_path / "two", placements={"e3": {"nodes": 2, "processes_per_node": 1}})
    one.run("train")
    with emulated(tmp_path / "pjm", nodes=2) as pjm:
        Place(two.folder, pjm).run(*study_words(two), *ON_A_NODE, *LIMITED, "train")
        (job,) = training_jobs(pjm)
        spool = pjm.folder / "spool" / job.id
        assert job.nodes == 2
        # Who logs in to a node gets a folder of its own there; the job's first node is where its script runs.
        hosts = (spool / "nodes").read_text().split()
        assert [host for host in hosts if (spool / host).is_dir()] or pytest.fail(f"no login to any of {hosts}")
    assert two.json("runs/monoen/e3/long/seed0/segments/24.json")["ranks"] == 2
    assert max(abs(ours - theirs) for ours, theirs in zip(losses(two), losses(one), strict=True)) <= SPLIT


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> tuple[Workflow, Workflow]:
    """Return a study that is to be trained, and an undisturbed run of it."""
    folder = tmp_path_factory.mktemp("uncut")
    (folder / "study").mkdir()
    study = prepared(lay_out(folder / "study", repository), SOME)
    trial = trained(copy_of(study, folder / "trial"))
    prepared(study, round(LONG_S * SOME / sum(history(trial, "seconds"))))
    return study, trained(copy_of(study, folder / "undisturbed"))


def trained(study: Workflow) -> Workflow:
    study.run("train")
    return study


@pytest.mark.parametrize(
    ("settings", "margin_in_limits", "pjm_code"),
    [({"clock": 0.02, "told_limit": "requested"}, 0, 11), ({"told_limit": "real"}, 1, 0)],
    ids=["killed at its limit", "stopped in time"],
)
def test_a_run_cut_at_its_time_limit_goes_on_to_the_same_bits(
    uncut: tuple[Workflow, Workflow], tmp_path: Path, settings: dict[str, Any], margin_in_limits: int, pjm_code: int
) -> None:
    study = copy_of(uncut[0], tmp_path / "cut", checkpoint_interval_s=0.5)
    margin_s = margin_in_limits * FIRST_LIMIT_S
    words = [*study_words(study), *ON_A_NODE, "--set-resources", "train_segment:runtime=1"]
    words += ["--pjm-elapse-margin-s", str(margin_s), "--pjm-time-limit-resubmits", "40", "--", "train"]
    with emulated(tmp_path / "pjm", elapse_scale=scale(0, margin_s), **settings) as pjm:
        place = Place(study.folder, pjm)
        with place.start(*words) as controller:
            wait_for_cuts(study, controller, pjm, margin_s)
            pjm.change(elapse_scale=100.0)
            controller.succeed()
        assert place.twice() == []
        assert {job.pjm_code for job in training_jobs(pjm)[:-1]} == {pjm_code}
    assert losses(study) == losses(uncut[1])


def wait_for_cuts(study: Workflow, controller: Controller, pjm: EmulatedPjm, margin_s: float) -> None:
    """Wait until jobs enough have trained; the next always gets about the time that the last took to begin."""
    idle_jobs = trained_jobs = 0

    def is_idle_or_enough() -> bool:
        return trained_in(study) > trained_jobs or idle(study, pjm) > idle_jobs

    while trained_in(study) <= CUTS:
        controller.wait_until(is_idle_or_enough, f"{CUTS} cuts")
        idle_jobs, trained_jobs = max(0, idle(study, pjm)), trained_in(study)
        pjm.change(elapse_scale=scale(idle_jobs - trained_jobs, margin_s))


def idle(study: Workflow, pjm: EmulatedPjm) -> int:
    """Return how many jobs have ended without a step."""
    return sum(job.ended_at is not None for job in training_jobs(pjm)) - trained_in(study)


def scale(growths: int, margin_s: float) -> float:
    """Return how long each second of the minute lasts that jobs ask for: their limit, and the margin before it."""
    return (FIRST_LIMIT_S * PATIENCE**growths + margin_s) / 60


def trained_in(study: Workflow) -> int:
    """Return how many jobs have taken a step."""
    return sum(history.stat().st_size > 0 for history in (study.folder / "work").glob("*/*/history.jsonl"))
