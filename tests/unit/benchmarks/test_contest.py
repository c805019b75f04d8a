"""Ratios are of neighbours, and a program that ends early is out with its last words."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LOCAL = {"contest", "measured", "settings"}


@pytest.fixture
def contest(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    module = import_module("contest")
    for name in LOCAL & set(sys.modules):
        monkeypatch.delitem(sys.modules, name)
    return module


def result(contest: ModuleType, *rates: float) -> Any:
    windows = [[{"tokens": rate * 2.0, "wall_s": 2.0, "cpu_s": 1.0}] for rate in rates]
    return contest.Result(contest.Setting("any"), rounds=windows)


def test_a_ratio_is_taken_round_by_round(contest: ModuleType) -> None:
    # The machine was half as fast in the second round, for both.
    assert contest.ratios(result(contest, 80, 40, 84), result(contest, 40, 20, 40)) == pytest.approx([2.0, 2.0, 2.1])


def test_processes_side_by_side_add_up_by_wall_time_and_not_by_processor_time(contest: ModuleType) -> None:
    two = contest.Result(contest.Setting("any"), rounds=[[{"tokens": 10.0, "wall_s": 2.0, "cpu_s": 1.0}] * 2])
    assert (two.rate(), two.rate("cpu_s")) == (10.0, 10.0)
    assert two.cores() == 1.0


def test_the_best_is_the_fastest_that_ran(contest: ModuleType) -> None:
    failed = contest.Result(contest.Setting("broken"), failure="no such package")
    slow, fast = result(contest, 1), result(contest, 2)
    assert contest.best([slow, failed, fast]) is fast
    assert contest.best([failed]) is None


def test_a_program_that_cannot_start_is_out_with_its_last_words(contest: ModuleType, tmp_path: Path) -> None:
    work = import_module("settings").Work("train", "e3", 16, 1, 2, 64)
    (out,) = contest.compete(work, [contest.Setting("tenbin")], tmp_path, rounds=2)
    assert "No such file" in out.failure
    assert out.rounds == []
