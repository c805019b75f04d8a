"""The engine around GPT-NeoX, with a stand-in for it: starting, following, stopping, resuming, and every bad end."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file

from tenbin.errors import UserError
from tenbin.neox import engine, preparation
from tenbin.neox.engine import advance, kernel_path
from tenbin.neox.export import read_weights
from tenbin.study.execution import Placement
from tenbin.training.checkpoints import Checkpoint
from tenbin.training.divergence import DivergedError
from tenbin.training.generations import Generation, Start, claim_generation
from tenbin.training.history import HISTORY, assemble_history
from tenbin.training.segment import SegmentJob
from tenbin.training.stopping import StopRequest

pytestmark = pytest.mark.slow


class Request(StopRequest):
    """Asks to stop once a generation has taken some steps."""

    def __init__(self, history: Path, steps: int) -> None:
        super().__init__()
        self._history, self._steps = history, steps

    @property
    def asked(self) -> bool:
        return self._history.exists() and len(self._history.read_text().splitlines()) >= self._steps


class Writer:
    """Takes up a run as `train_segment` does, a generation a call."""

    def __init__(self, run: Any) -> None:
        self.run, self.generation, self.start = run, Generation(run.run_folder, 0), Start()

    def claim(self) -> Generation:
        generation = claim_generation(self.run.run_folder, self.generation.number + 1, self.start)
        assert generation is not None
        self.generation = generation
        return generation

    def job(self, end_step: int, **changes: Any) -> SegmentJob:
        return replace(self.run.job(end_step), neox_home=Path("/checkout"), **changes)

    def advance(self, end_step: int, steps_until_stop: int | None = None, **changes: Any) -> Checkpoint | None:
        generation = self.claim()
        job = self.job(end_step, **changes)
        request = Request(generation.folder / HISTORY, steps_until_stop) if steps_until_stop else StopRequest()
        checkpoint = advance(job, self.run.spec, self.run.run_folder.name, generation, request)
        last = max((int(path.name[4:]) for path in generation.folder.glob("step*")), default=0)
        self.start = Start(generation.number, last) if last else self.start
        return checkpoint

    def steps(self) -> list[int]:
        lines = assemble_history(self.run.run_folder, self.generation.number, self.start.step)
        return [line["step"] for line in lines]

    def config(self) -> dict[str, Any]:
        return yaml.safe_load((self.generation.folder / "neox" / "run.yml").read_text())


STEPS = 1000
"""More than a stand-in takes before it is asked to stop."""


@pytest.fixture
def writer(tiny_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    built = tmp_path / "built"
    (built / "operations").mkdir(parents=True)
    monkeypatch.setattr(preparation, "PROGRAM", (str(Path(__file__).with_name("stand_in.py")),))
    for module in (preparation, engine):
        monkeypatch.setattr(module, "require_checkout", lambda _home: "c" * 40)
    monkeypatch.setattr(preparation, "prepare_extensions", lambda *_: built)
    return Writer(tiny_run)


def test_a_run_is_trained_in_segments(writer: Writer) -> None:
    left_over = writer.run.run_folder / "0000" / "neox" / "saves" / "global_step3"
    left_over.mkdir(parents=True)
    first = writer.advance(5)
    assert first == Checkpoint(writer.generation, 5)
    first.verify(writer.run.run_folder.name)
    assert (writer.config()["finetune"], Path(writer.config()["load"]).name) == (True, "initial")
    assert writer.advance(12) == Checkpoint(writer.generation, 12)
    assert (writer.config()["finetune"], writer.config()["load"]) == (False, str(first.folder))
    lines = assemble_history(writer.run.run_folder, 2, 12)
    assert [line["loss"] for line in lines] == [1 / step for step in range(1, 13)]
    assert lines[-1]["tokens_per_corpus"] == {"en": 384, "ja": 384}
    assert set(lines[0]) == {"step", "tokens", "tokens_per_corpus", "learning_rate", "loss", "grad_norm", "seconds"}
    weights = read_weights(Checkpoint(writer.generation, 12), writer.run.spec)
    for name, value in load_file(writer.run.init).items():
        np.testing.assert_array_equal(weights[name], value)
    assert not left_over.exists()
    assert {path.name for path in first.folder.parent.glob("neox/*")} == {"log.txt", "run.yml", "settings.json"}
    assert writer.advance(12) == Checkpoint(Generation(writer.run.run_folder, 2), 12), "it is trained already"
    assert not (writer.generation.folder / "neox").exists()


def test_a_request_to_stop_has_the_state_saved(writer: Writer) -> None:
    assert writer.advance(STEPS, steps_until_stop=4) is None
    stopped = writer.start.step
    assert 4 <= stopped < STEPS
    assert writer.steps() == list(range(1, stopped + 1))
    assert writer.advance(stopped + 2) == Checkpoint(writer.generation, stopped + 2)


def test_a_request_before_the_start_starts_nothing(writer: Writer) -> None:
    generation = writer.claim()
    request = Request(generation.folder / "owner.json", 1)
    assert advance(writer.job(5), writer.run.spec, writer.run.run_folder.name, generation, request) is None
    assert not (generation.folder / "neox" / "log.txt").exists()


def test_saves_at_intervals_are_pruned_to_the_newest(writer: Writer) -> None:
    writer.advance(40, checkpoint_interval_s=0.1)
    saved = sorted(int(path.name[4:]) for path in writer.generation.folder.glob("step*"))
    assert len(saved) == 2
    assert saved[-1] == 40


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("leave 3", r"ended with status 0 after step 2, before step 1000: .*Its whole log is .*log.txt"),
        ("die 3", r"ended with status 1 after step 2, before step 1000: RuntimeError: the fabric tore\. Its whole"),
    ],
)
def test_an_early_end_is_told(writer: Writer, monkeypatch: pytest.MonkeyPatch, asked: str, words: str) -> None:
    monkeypatch.setenv("STAND_IN", asked)
    with pytest.raises(UserError, match=words):
        writer.advance(STEPS)
    assert not list(writer.generation.folder.glob("step*"))


def test_a_divergence_ends_the_ranks(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "diverge 7")
    with pytest.raises(DivergedError, match="training diverged at step 7: loss nan"):
        writer.advance(STEPS)
    assert not list(writer.generation.folder.glob("step*"))
    assert [line["step"] for line in assemble_history(writer.run.run_folder, 1, 6)] == [1, 2, 3, 4, 5, 6]


def test_a_writer_that_is_taken_over_ends_its_ranks(writer: Writer) -> None:
    generation = writer.claim()
    request = Request(generation.folder / HISTORY, 3)
    request.taken_over = True
    claim_generation(writer.run.run_folder, 2, Start())
    with pytest.raises(UserError, match="no longer the newest generation"):
        advance(writer.job(STEPS), writer.run.spec, writer.run.run_folder.name, generation, request)
    assert not list(generation.folder.glob("step*"))


def test_another_number_of_ranks_is_refused_before_anything_starts(writer: Writer) -> None:
    writer.advance(4)
    with pytest.raises(UserError, match="saved by 1 rank"):
        writer.advance(8, placement=Placement(processes_per_node=2))
    assert not (writer.generation.folder / "neox").exists()


def test_gpus_that_are_not_there_are_refused_before_anything_is_compiled(writer: Writer) -> None:
    with pytest.raises(UserError, match="the placement asks for 4096 GPUs on each node"):
        writer.advance(4, placement=Placement(gpus_per_node=4096))
    assert not (writer.generation.folder / "neox").exists()


def test_another_tokenizer_is_refused(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match=r"other.json is another tokenizer than"):
        writer.advance(4, tokenizer=tmp_path / "other.json")
    with pytest.raises(UserError, match=r"no tokenizer is given"):
        writer.advance(4, tokenizer=None)


def test_the_marker_names_what_computed(writer: Writer) -> None:
    spec = writer.run.spec
    assert kernel_path(writer.job(4), spec) == "neox-cccccccccccc-cpu-fp32"
    assert kernel_path(writer.job(4, placement=Placement(gpus_per_node=8)), spec) == "neox-cccccccccccc-cuda-fp32"
