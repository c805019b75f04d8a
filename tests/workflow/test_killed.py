"""A study that is killed goes on where it was, and ends in the same bits."""

import base64
import os
import signal
import subprocess
import time

import pytest
from harness import Workflow

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("warm", ["1", "0"], ids=["warm", "cold"])
def test_a_killed_study_ends_in_the_losses_of_an_undisturbed_one(
    workflow: Workflow, finished_once: Workflow, warm: str
) -> None:
    with subprocess.Popen(
        workflow.command(),
        env=os.environ | {"TENBIN_WARM": warm},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as study:
        wait_for_training(workflow)
        os.killpg(study.pid, signal.SIGKILL)
    workflow.run("--unlock")
    workflow.run("--rerun-incomplete")
    assert workflow.losses() == finished_once.losses()


def test_a_join_whose_end_a_killed_snakemake_did_not_hear_of_is_made_again(
    workflow: Workflow, finished_once: Workflow
) -> None:
    """The shards are empty by then, and Snakemake deletes what they were joined to."""
    workflow.run("data", "--notemp", "--no-hooks")
    joined = workflow.results / "tokens" / "bpe512" / "tinyen" / "valid.bin"
    assert joined.with_suffix("").joinpath("00000.bin").stat().st_size == 0
    name = base64.urlsafe_b64encode(str(joined.relative_to(workflow.folder)).encode()).decode()
    (workflow.folder / ".snakemake" / "incomplete" / name).touch()
    assert workflow.plan("data", "--rerun-incomplete") == {"join_shards": 1}
    workflow.run("data", "--rerun-incomplete")
    assert joined.read_bytes() == (finished_once.results / joined.relative_to(workflow.results)).read_bytes()
    assert not list(joined.parent.glob(".*"))


def wait_for_training(workflow: Workflow) -> None:
    deadline = time.monotonic() + 120
    while not any((workflow.folder / "work").glob("*/*/history.jsonl")):
        assert time.monotonic() < deadline, "no run began to train"
        time.sleep(0.02)
