"""Speeds that finished segments measured."""

import shutil

import pytest
from priced import MIX_E3, Config, MakeStudy, lay_out_segment, lay_out_spec, on_torch

from tenbin.pricing.counts import run_folder
from tenbin.pricing.speeds import TAIL_BYTES, Speeds
from tenbin.study.model import Run, Study

OTHER_MIX = Run("pile", "e3", "it200k", 1234)


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    """Return a study of the engine `torch` on one CPU process."""
    return make_study(on_torch)


def test_a_finished_segment_gives_the_median_of_its_steps(study: Study) -> None:
    lay_out_segment(study, MIX_E3, 100, [9.0, 0.5, 0.4, 0.6])
    assert Speeds(study, [MIX_E3]).own(MIX_E3) == pytest.approx(0.55)


def test_before_a_segment_has_finished_there_is_no_speed(study: Study) -> None:
    lay_out_spec(study, MIX_E3)
    assert Speeds(study, [MIX_E3]).own(MIX_E3) is None
    assert Speeds(study, [MIX_E3]).of_size(MIX_E3) is None


def test_only_the_last_steps_of_a_long_history_count_and_no_cut_line(study: Study) -> None:
    steps = TAIL_BYTES // 10
    lay_out_segment(study, MIX_E3, 100, [5.0] * steps + [0.25] * steps)
    assert Speeds(study, [MIX_E3]).own(MIX_E3) == 0.25
    generation = lay_out_segment(study, MIX_E3, 200, [0.5, 0.5])
    with (generation.folder / "history.jsonl").open("a") as stream:
        stream.write('{"step": 3, "seco')
    assert Speeds(study, [MIX_E3]).own(MIX_E3) == 0.5


def test_runs_of_the_same_size_and_batch_tell_each_others_speed(study: Study) -> None:
    lay_out_segment(study, MIX_E3, 100, [0.5])
    speeds = Speeds(study, [MIX_E3, OTHER_MIX])
    assert speeds.own(OTHER_MIX) is None
    assert speeds.of_size(OTHER_MIX) == 0.5
    assert speeds.of_size(Run("pilemc4ja", "e4", "it200k", 1234)) is None


def test_another_batch_is_other_work(study: Study, make_study: MakeStudy) -> None:
    def shrink(config: Config) -> None:
        on_torch(config)
        config["schedules"]["it100k"]["batch_size"] = 8

    lay_out_segment(study, MIX_E3, 100, [0.5])
    assert Speeds(make_study(shrink), [MIX_E3]).of_size(Run("pile", "e3", "it100k", 1234)) is None


def test_a_segment_of_another_number_of_processes_tells_nothing(study: Study, make_study: MakeStudy) -> None:
    lay_out_segment(study, MIX_E3, 100, [0.5], ranks=4)
    assert Speeds(study, [MIX_E3]).own(MIX_E3) is None

    def four(config: Config) -> None:
        on_torch(config)
        config["execution"]["placements"] = {"e3": {"processes_per_node": 4}}

    assert Speeds(make_study(four), [MIX_E3]).own(MIX_E3) == 0.5


def test_other_numerics_tell_nothing(study: Study, make_study: MakeStudy) -> None:
    lay_out_segment(study, MIX_E3, 100, [0.5])

    def bf16(config: Config) -> None:
        on_torch(config)
        config["study"]["numerics"] = "bf16"

    assert Speeds(make_study(bf16), [MIX_E3]).own(MIX_E3) is None


def test_the_published_history_serves_where_the_work_folder_was_cleared(study: Study) -> None:
    generation = lay_out_segment(study, MIX_E3, 200, [0.5])
    shutil.copy(generation.folder / "history.jsonl", run_folder(study, MIX_E3) / "history.jsonl")
    shutil.rmtree(generation.run_folder)
    assert Speeds(study, [MIX_E3]).own(MIX_E3) == 0.5
    (run_folder(study, MIX_E3) / "history.jsonl").unlink()
    assert Speeds(study, [MIX_E3]).own(MIX_E3) is None


def test_a_damaged_marker_fails_no_plan(study: Study) -> None:
    lay_out_segment(study, MIX_E3, 100, [0.5])
    (run_folder(study, MIX_E3) / "segments" / "100.json").write_text("{}")
    assert Speeds(study, [MIX_E3]).own(MIX_E3) is None
