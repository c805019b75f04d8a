"""Training jobs as processes of their own, and what they left: losses and states to compare bit by bit."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tenbin.files import read_json
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.generations import Generation
from tenbin.training.history import assemble_history

CHECKOUT = Path(__file__).resolve().parents[1]
PATIENCE_S = 60


def final_state(run: Any, end_step: int) -> dict[str, np.ndarray]:
    """Return the state that a segment ended in."""
    generation = read_json(run.marker(end_step))["generation"]
    return Checkpoint(Generation(run.run_folder, generation), end_step).read()


def losses(run: Any, end_step: int) -> list[float]:
    """Return the losses that led to the end of a segment."""
    generation = read_json(run.marker(end_step))["generation"]
    return [line["loss"] for line in assemble_history(run.run_folder, generation, end_step)]


def assert_same_training(run: Any, other: Any, end_step: int) -> None:
    """Hold losses and final states of two runs against each other, bit by bit."""
    assert losses(run, end_step) == losses(other, end_step)
    state, expected = final_state(run, end_step), final_state(other, end_step)
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array, err_msg=name)


def steps_written(run: Any) -> int:
    """Return how many steps were ever taken, in whatever generation."""
    return sum(len(path.read_text().splitlines()) for path in run.run_folder.glob("*/history.jsonl"))


def command(run: Any, end_step: int, **settings: Any) -> list[str]:
    """Return the command of a training job; settings are those of a placement."""
    words = [sys.executable, str(CHECKOUT / "scripts" / "train_segment.py"), "--spec", str(run.spec)]
    for name, prefix in run.tokens.items():
        words += ["--tokens", f"{name}={prefix}"]
    words += ["--orders", str(run.folder / "orders"), "--init", str(run.init), "--end-step", str(end_step)]
    words += ["--work", str(run.folder / "work"), "--placement", json.dumps(settings)]
    return [*words, "--marker", str(run.marker(end_step))]


@contextmanager
def training(run: Any, end_step: int, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """Yield a training job that runs; whatever happens, it is gone afterwards."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src"), "OMP_NUM_THREADS": "1"}
    words = command(run, end_step, **settings)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def end(process: subprocess.Popen[str]) -> str:
    """Wait for a process and return what it said."""
    return process.communicate(timeout=PATIENCE_S)[1]


def wait_for_steps(run: Any, count: int) -> None:
    """Wait until a run has taken some steps."""
    wait_until(lambda: steps_written(run) >= count)


def wait_until(true: Any) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "nothing happened within a minute"
        time.sleep(0.01)
