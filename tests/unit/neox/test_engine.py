"""The engine on the real GPT-NeoX, through the same entry as every training job."""

import csv
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import GPTNeoXForCausalLM

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.neox.export import read_weights
from tenbin.neox.names import neox_names
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.export import write_model
from tenbin.training.generations import Generation

pytestmark = [pytest.mark.slow, pytest.mark.neox]

TOLERANCE = 4e-6
"""Between engines that compute in float32, nats/token."""
RESUMED = 2e-6
"""Resuming, or summing over ranks, differs by one float32 unit now and then: 9.5e-7 at these losses."""
NEOX_LINE = re.compile(r"iteration +(\d+)/.* lm_loss: (\S+) \|")

Lines = list[dict[str, Any]]


def read_steps(golden: Path, name: str) -> list[dict[str, float]]:
    with (golden / "runs" / name / "steps.csv").open() as stream:
        return [{key: float(value) for key, value in row.items() if "hex" not in key} for row in csv.DictReader(stream)]


def losses(lines: Lines) -> np.ndarray:
    return np.array([line["loss"] for line in lines])


def recorded_losses(golden: Path, name: str) -> np.ndarray:
    return np.array([row["lm_loss"] for row in read_steps(golden, name)])


def largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max())


@pytest.fixture(scope="module")
def a1(make_run: Any, neox_home: Path) -> tuple[Any, Lines]:
    """The smallest published size at vocabulary 4,096, trained 60 steps."""
    run = make_run("A1", neox_home)
    return run, run.train(60)


def test_our_rendered_run_repeats_a_recorded_one(golden: Path, a1: tuple[Any, Lines]) -> None:
    _, lines = a1
    recorded = read_steps(golden, "A1")
    assert largest_difference(losses(lines), recorded_losses(golden, "A1")) <= TOLERANCE
    assert [line["learning_rate"] for line in lines] == [row["lr_used"] for row in recorded]
    ratios = [line["grad_norm"] / row["grad_norm"] for line, row in zip(lines, recorded, strict=True)]
    assert ratios == pytest.approx([1.0] * 60, abs=1e-5)


def test_both_engines_take_the_same_job_to_the_same_losses(make_run: Any, a1: tuple[Any, Lines]) -> None:
    _, theirs = a1
    ours = make_run("A1", engine="torch").train(60)
    assert largest_difference(losses(ours), losses(theirs)) <= TOLERANCE
    same = ("step", "tokens", "tokens_per_corpus", "learning_rate")
    assert [[line[key] for key in same] for line in ours] == [[line[key] for key in same] for line in theirs]


def test_history_has_what_neox_printed_with_more_digits(a1: tuple[Any, Lines]) -> None:
    run, lines = a1
    (log,) = run.run_folder.glob("0001/neox/log.txt")
    printed = {int(step): loss for step, loss in NEOX_LINE.findall(log.read_text())}
    assert printed == {line["step"]: f"{line['loss']:.6E}" for line in lines}


def test_neox_reads_our_maps_and_writes_nothing_beside_the_data(a1: tuple[Any, Lines]) -> None:
    run, _ = a1
    (log,) = run.run_folder.glob("0001/neox/log.txt")
    assert "could not find index map files" not in log.read_text()
    files = {path.name for path in run.data.iterdir()}
    assert len(files) == 2 * (2 + 3) + 2 + 2 * 3 + 1
    assert {path.name for path in run.tokens["en"].parent.iterdir()} == {
        f"{name}.{end}" for name in ("en", "ja") for end in ("bin", "idx", "json")
    }


@pytest.fixture(scope="module")
def converted(a1: tuple[Any, Lines], neox_home: Path, repository: Path, tmp_path_factory: Any) -> Path:
    """What GPT-NeoX's own converter makes of the last checkpoint."""
    run, _ = a1
    saved, target = run.run_folder / "0001" / "step60" / "global_step60", tmp_path_factory.mktemp("converted")
    program = [sys.executable, str(Path(__file__).with_name("convert.py"))]
    environment = os.environ | {"PYTHONPATH": str(repository / "src")}
    done = subprocess.run(
        [*program, str(neox_home), str(saved), str(target)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return target


def test_our_export_is_that_of_neoxs_own_converter(a1: tuple[Any, Lines], converted: Path, tmp_path: Path) -> None:
    run, _ = a1
    weights = read_weights(Checkpoint(Generation(run.run_folder, 1), 60), run.spec)
    theirs = load_file(converted / "model.safetensors")
    assert weights.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_array_equal(weights[name], value)
    write_model(tmp_path / "model", run.spec, weights, run.tokenizer)
    np.testing.assert_array_equal(logits(tmp_path / "model"), logits(converted))


def test_final_weights_are_near_the_recorded_ones(golden: Path, a1: tuple[Any, Lines]) -> None:
    run, _ = a1
    weights = read_weights(Checkpoint(Generation(run.run_folder, 1), 60), run.spec)
    recorded = load_file(golden / "runs" / "A1" / "final.safetensors")
    squares = [np.square(weights[name] - recorded[name], dtype=np.float64).sum() for name in recorded]
    assert np.sqrt(sum(squares) / run.spec.architecture.n_total) < 1e-6


def logits(folder: Path) -> np.ndarray:
    model = GPTNeoXForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return model(torch.arange(64)[None]).logits.numpy()


class Interruption(threading.Thread):
    """Sends this process SIGTERM once a run has taken some steps."""

    def __init__(self, history: Callable[[], Path | None], steps: int) -> None:
        super().__init__(daemon=True)
        self._history, self._steps = history, steps

    def run(self) -> None:
        while True:
            path = self._history()
            if path and path.exists() and len(path.read_text().splitlines()) >= self._steps:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            time.sleep(0.02)


def test_a_run_cut_by_a_segment_a_signal_and_its_interval_goes_on(golden: Path, make_run: Any, neox_home: Path) -> None:
    run = make_run("A3", neox_home)
    run.train(17)
    Interruption(lambda: run.run_folder / "0002" / "history.jsonl", 5).start()
    with pytest.raises(SystemExit) as stopped:
        run.train(60, checkpoint_interval_s=0.5)
    assert stopped.value.code == 128 + signal.SIGTERM
    saved = sorted(int(path.name.removeprefix("step")) for path in run.run_folder.glob("0002/step*"))
    assert len(saved) == 2, "the newest by the signal, one before it by the interval"
    lines = run.train(60)
    assert read_json(run.run_folder / "0003" / "owner.json")["start_step"] == saved[-1]
    assert largest_difference(losses(lines), recorded_losses(golden, "A3")) <= RESUMED
    assert [line["learning_rate"] for line in lines] == [row["lr_used"] for row in read_steps(golden, "A3")]


def test_a_decay_branch_leaves_its_trunk_as_on_the_other_engine(make_run: Any, neox_home: Path) -> None:
    trunks = (
        make_run("A1", neox_home, {"decay": "constant"}),
        make_run("A1", None, {"decay": "constant"}, engine="torch"),
    )
    decayed = []
    for trunk in trunks:
        trunk.train(10)
        branch = trunk.branch(10, decay="cosine", steps=20)
        decayed.append(branch.train(20, previous=trunk.job(10).marker))
    theirs, ours = decayed
    assert largest_difference(losses(theirs), losses(ours)) <= TOLERANCE
    rates = [[line["learning_rate"] for line in lines] for lines in decayed]
    assert rates[0] == pytest.approx(rates[1], rel=1e-12)
    assert rates[0][10] == pytest.approx(9.7e-5, rel=1e-12)
    assert rates[0][19] < 1.2e-5


def test_two_ranks_train_as_one(golden: Path, make_run: Any, neox_home: Path) -> None:
    run = make_run("A1", neox_home)
    lines = run.train(20, placement=Placement(processes_per_node=2, micro_batch=2, checkpoint_activations=True))
    assert largest_difference(losses(lines), recorded_losses(golden, "A1")[:20]) <= RESUMED
    with pytest.raises(UserError, match=r"saved by 2 rank.s. of GPT-NeoX, the placement has 1"):
        run.train(40)


def test_a_run_of_16_bits_starts_from_float32_masters(golden: Path, make_run: Any, neox_home: Path) -> None:
    run = make_run("A1", neox_home, {"peak_learning_rate": 1e-30, "final_learning_rate": 0.0}, numerics="bf16")
    assert largest_difference(losses(run.train(1)), recorded_losses(golden, "A1")[:1]) <= 2e-2
    masters, initial = read_masters(run.run_folder / "0001" / "step1" / "global_step1"), load_file(run.init)
    names = neox_names(run.spec.architecture)
    assert masters.keys() == set(names.values())
    for ours, theirs in names.items():
        np.testing.assert_allclose(masters[theirs], initial[ours].flatten(), rtol=0, atol=1e-29)


def read_masters(saved: Path) -> dict[str, np.ndarray]:
    """Return the float32 copies of the only rank of a run in bf16, flat, from the steps that moved nothing."""
    (path,) = saved.glob("*_optim_states.pt")
    state = torch.load(path, weights_only=False)["optimizer_state_dict"]
    masters = {}
    for flat, places in zip(state["single_partition_of_fp32_groups"], state["param_slice_mappings"], strict=True):
        masters |= {
            name: flat[place.start : place.start + place.numel].detach().numpy() for name, place in places.items()
        }
    return masters


def test_bf16_stays_near_the_other_engine(golden: Path, make_run: Any, neox_home: Path) -> None:
    theirs = losses(make_run("A4", neox_home, numerics="bf16").train(10))
    ours = losses(make_run("A4", numerics="bf16", engine="torch").train(10))
    assert largest_difference(theirs, ours) <= 1e-3
    assert largest_difference(theirs, recorded_losses(golden, "A4")[:10]) <= 2e-3


def test_a_run_that_diverges_stops_without_saving(make_run: Any, neox_home: Path) -> None:
    run = make_run("A1", neox_home, {"peak_learning_rate": 1e30, "final_learning_rate": 0.0})
    with pytest.raises(UserError, match=r"training diverged at step \d+: loss nan.* its batch read \d+ documents"):
        run.train(60)
    assert not list(run.run_folder.glob("0001/step*"))


def test_a_death_of_neox_is_told_in_its_own_words(make_run: Any, neox_home: Path) -> None:
    run = make_run("A1", neox_home)
    (run.data / "not_read.idx").write_bytes(b"no index")
    with pytest.raises(
        UserError, match=r"ended with status 1 after step 0, before step 60: .*Index.* log is .*log.txt"
    ):
        run.train(60)
