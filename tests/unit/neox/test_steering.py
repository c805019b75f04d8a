"""After every step all ranks agree to go on, to save, or to save and leave; one process is one rank here."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tenbin.errors import UserError
from tenbin.neox import steering
from tenbin.neox.log import LogReader, StateSaved, StepDone
from tenbin.neox.settings import RankSettings, read_settings
from tenbin.neox.steering import DIVERGED, steer

TRAIN_ITERS = 100


@pytest.fixture(scope="module", autouse=True)
def one_rank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    store = torch.distributed.FileStore(str(tmp_path_factory.mktemp("store") / "store"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.fixture
def settings(tmp_path: Path) -> RankSettings:
    np.save(tmp_path / "blend.npy", np.array([0, 1, 0, 1], np.uint8))
    return RankSettings(
        home="/checkout",
        config="run.yml",
        helpers="helpers.so",
        blend=str(tmp_path / "blend.npy"),
        master_weights=None,
        gpus_per_node=0,
        end_step=50,
        stop_file=str(tmp_path / "stop"),
        checkpoint_interval_s=600.0,
    )


class Training(ModuleType):
    """The functions of megatron.training that are hooked, and the objects that it hands them."""

    def __init__(self, loss: float = 2.5, norm: float = 0.5, skipped: int = 0, precision: str = "fp32") -> None:
        super().__init__("training")
        self.loss, self.skipped, self.calls = loss, skipped, []
        self.neox_args = SimpleNamespace(
            iteration=0, train_iters=TRAIN_ITERS, precision=precision, extra_save_iters=[], exit_interval=None
        )
        self.model = SimpleNamespace(device=torch.device("cpu"), get_global_grad_norm=lambda: norm)
        self.optimizer = SimpleNamespace(param_groups=[{"lr": 0.125}], cur_scale=4096.0)

    def train_step(self, *, optimizer: Any, **_: Any) -> tuple[dict[str, torch.Tensor], int]:
        optimizer.param_groups[0]["lr"] = 0.25  # the next step's
        optimizer.cur_scale = 2048.0
        return {"lm_loss": torch.tensor(self.loss)}, self.skipped

    def save_checkpoint(self, **arguments: Any) -> None:
        self.calls.append(arguments)

    def shift_and_wrap_data_loaders(self, **arguments: Any) -> str:
        self.calls.append(arguments)
        return "iterators"

    def setup_model_and_optimizer(self, **_: Any) -> tuple[str, None]:
        return "model", None

    def take(self, step: int) -> SimpleNamespace:
        """Take one step as `train` does and return the arguments that it goes on with."""
        self.neox_args.iteration = step - 1
        self.train_step(
            neox_args=self.neox_args, timers=None, data_iterator=None, model=self.model, optimizer=self.optimizer
        )
        return self.neox_args


def said(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return list(LogReader().feed(capsys.readouterr().out.encode()))


def test_a_step_is_told_with_the_rate_it_used(settings: RankSettings, capsys: pytest.CaptureFixture[str]) -> None:
    training = Training()
    steer(training, settings)
    arguments = training.take(3)
    (event,) = said(capsys)
    assert (event.step, event.loss, event.gradient_norm, event.learning_rate) == (3, 2.5, 0.5, 0.125)
    assert event.loss_scale is None
    assert (arguments.extra_save_iters, arguments.exit_interval) == ([], None)


def test_a_skipped_step_has_no_norm_and_the_scale_it_was_taken_with(
    settings: RankSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    training = Training(norm=math.inf, skipped=1, precision="fp16")
    steer(training, settings)
    training.take(3)
    (event,) = said(capsys)
    assert (event.gradient_norm, event.loss_scale) == (None, 4096.0)


def test_the_end_of_a_segment_is_saved_and_left(settings: RankSettings) -> None:
    training = Training()
    steer(training, settings)
    assert training.take(49).exit_interval is None
    arguments = training.take(50)
    assert (arguments.extra_save_iters, arguments.exit_interval) == ([50], 50)


def test_the_stop_file_ends_the_step_it_is_seen_after(settings: RankSettings) -> None:
    training = Training()
    steer(training, settings)
    training.take(6)
    Path(settings.stop_file).touch()
    arguments = training.take(7)
    assert (arguments.extra_save_iters, arguments.exit_interval) == ([7], 7)


def test_neox_ends_the_last_step_by_itself(settings: RankSettings) -> None:
    training = Training()
    steer(training, settings)
    Path(settings.stop_file).touch()
    arguments = training.take(TRAIN_ITERS)
    assert (arguments.extra_save_iters, arguments.exit_interval) == ([], None)


def test_the_state_is_saved_at_intervals(settings: RankSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(steering, "time", SimpleNamespace(monotonic=lambda: clock[0], perf_counter=time.perf_counter))
    training = Training()
    steer(training, settings)
    saved = []
    for step, now in enumerate([599.0, 600.0, 601.0, 1199.0, 1200.0], start=1):
        clock[0] = now
        training.neox_args.extra_save_iters = []
        saved.append(bool(training.take(step).extra_save_iters))
    assert saved == [False, True, False, False, True]


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, 0.5), (2.5, math.inf)])
def test_a_run_that_diverged_leaves_before_it_saves(
    settings: RankSettings, capsys: pytest.CaptureFixture[str], loss: float, norm: float
) -> None:
    training = Training(loss, norm)
    steer(training, settings)
    with pytest.raises(SystemExit) as left:
        training.take(50)
    assert left.value.code == DIVERGED
    assert training.neox_args.extra_save_iters == []
    (event,) = said(capsys)
    assert isinstance(event, StepDone)
    assert not event.is_finite


def test_a_save_is_told_after_it_was_done(settings: RankSettings, capsys: pytest.CaptureFixture[str]) -> None:
    training = Training()
    steer(training, settings)
    training.save_checkpoint(iteration=7, model="m")
    assert training.calls == [{"iteration": 7, "model": "m"}]
    assert said(capsys) == [StateSaved(7)]


def loaders(order: list[int]) -> Any:
    dataset = SimpleNamespace(dataset_index=np.array(order, np.uint8))
    return {"train": SimpleNamespace(dataset=dataset), "valid": None, "test": None}


def test_batches_are_read_once_and_in_our_order(settings: RankSettings) -> None:
    training = Training()
    steer(training, settings)
    assert training.shift_and_wrap_data_loaders(neox_args="a", data_loaders=loaders([0, 1, 0, 1, 1])) == "iterators"
    assert training.calls[0]["loop"] is False
    with pytest.raises(UserError, match="another order than"):
        training.shift_and_wrap_data_loaders(neox_args="a", data_loaders=loaders([0, 1, 1, 0]))


def test_settings_come_back_from_their_file(settings: RankSettings, tmp_path: Path) -> None:
    settings.write(tmp_path / "settings.json")
    assert read_settings(tmp_path / "settings.json") == settings
