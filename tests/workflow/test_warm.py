"""Jobs that a warm worker forked make what cold jobs make, to the byte, and leave no process behind."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from harness import Workflow
from processes import LIMIT_S

pytestmark = pytest.mark.slow

RUN = "runs/both/e3/it24/seed0"
MADE = (f"{RUN}/spec.json", f"{RUN}/segments/24.json", f"{RUN}/losses/tinyen.json")


def workers(folder: Path) -> list[int]:
    """Return the workers, and what they forked, of a study: they know its folder from their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            ours = b"tenbin/warm/worker.py" in (entry / "cmdline").read_bytes()
            if ours and str(folder).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue
    return found


def wait_for_no_workers(folder: Path) -> None:
    deadline = time.monotonic() + LIMIT_S
    while left := workers(folder):
        assert time.monotonic() < deadline, f"still alive: {left}"
        time.sleep(0.02)


def test_warm_and_cold_jobs_make_the_same_bytes(workflow: Workflow, finished_once: Workflow) -> None:
    done = workflow.call(f"results/tiny/{RUN}/losses/tinyen.json", env={"TENBIN_WARM": "0"})
    assert done.returncode == 0, done.stdout[-4000:]
    for name in MADE:
        assert (workflow.results / name).read_bytes() == (finished_once.results / name).read_bytes(), name


def test_no_job_of_a_study_had_to_start_cold(finished_once: Workflow) -> None:
    logs = {path: path.read_text() for path in (finished_once.results / "logs").rglob("*.log")}
    assert logs
    assert [line for text in logs.values() for line in text.splitlines() if "starts cold" in line] == []
    assert all(" MiB of memory " in text for path, text in logs.items() if "train_segment" in path.parts)


def test_jobs_and_worker_of_a_snakemake_that_is_killed_alone_come_to_their_end(workflow: Workflow) -> None:
    with subprocess.Popen(
        workflow.command(f"results/tiny/{RUN}/losses/tinyen.json"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"TENBIN_STUDY": str(workflow.folder)},
    ) as study:
        wait_for_training(workflow)
        assert workers(workflow.folder)
        os.kill(study.pid, signal.SIGKILL)
    wait_for_no_workers(workflow.folder)
    assert (workflow.results / RUN / "segments" / "24.json").exists()


def wait_for_training(workflow: Workflow) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not any((workflow.folder / "work").glob("*/*/history.jsonl")):
        assert time.monotonic() < deadline, "no run began to train"
        time.sleep(0.02)
