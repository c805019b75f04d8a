"""A study that is killed goes on where it was, and ends in the same bits."""

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


def wait_for_training(workflow: Workflow) -> None:
    deadline = time.monotonic() + 120
    while not any((workflow.folder / "work").glob("*/*/history.jsonl")):
        assert time.monotonic() < deadline, "no run began to train"
        time.sleep(0.02)
