"""What planned training jobs would do."""

import pytest
from priced import (
    MIX_E3,
    MakeStudy,
    lay_out_generation,
    lay_out_spec,
    on_torch,
    planned,
    segments,
)

from tenbin.pricing.prospects import TrainingJob, foresee_training
from tenbin.study.model import Run, Study


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    """Return a study whose runs of 200 steps train in two segments."""
    return make_study(on_torch)


def outcomes(jobs: list[TrainingJob]) -> list[tuple[int, str, int]]:
    return [(job.end_step, job.outcome, job.steps) for job in jobs]


def test_a_run_that_never_trained_takes_all_its_steps(study: Study) -> None:
    jobs = [planned("write_spec", MIX_E3), *segments(MIX_E3, 200, 100)]
    assert outcomes(foresee_training(study, jobs)) == [(100, "train", 100), (200, "train", 100)]


def test_steps_saved_in_a_checkpoint_are_not_taken_again(study: Study) -> None:
    lay_out_generation(study, lay_out_spec(study, MIX_E3), [30, 60])
    assert outcomes(foresee_training(study, segments(MIX_E3, 100, 200))) == [(100, "train", 40), (200, "train", 100)]


def test_a_finished_segment_is_only_checked_again(study: Study) -> None:
    lay_out_generation(study, lay_out_spec(study, MIX_E3), [100, 130], [100])
    jobs = segments(MIX_E3, 100, 200)
    assert outcomes(foresee_training(study, jobs)) == [(100, "re-check", 0), (200, "train", 70)]


def test_only_planned_segments_count(study: Study) -> None:
    lay_out_generation(study, lay_out_spec(study, MIX_E3), [100], [100])
    assert outcomes(foresee_training(study, segments(MIX_E3, 200))) == [(200, "train", 100)]
    assert foresee_training(study, [planned("score_run", MIX_E3, valid="mc4ja")]) == []


def test_a_marker_without_its_checkpoint_does_not_spare_the_steps(study: Study) -> None:
    lay_out_generation(study, lay_out_spec(study, MIX_E3), [], [100])
    assert outcomes(foresee_training(study, segments(MIX_E3, 100))) == [(100, "train", 100)]


def test_steps_beyond_a_lost_chain_are_taken_from_the_start(study: Study) -> None:
    lay_out_spec(study, MIX_E3)
    assert outcomes(foresee_training(study, segments(MIX_E3, 200))) == [(200, "train", 200)]


def test_while_the_data_are_made_anew_it_is_uncertain_whether_finished_work_holds(study: Study) -> None:
    lay_out_generation(study, lay_out_spec(study, MIX_E3), [100, 200], [100, 200])
    jobs = [planned("write_mix", mix="pilemc4ja"), planned("write_spec", MIX_E3), *segments(MIX_E3, 100, 200)]
    assert outcomes(foresee_training(study, jobs)) == [(100, "uncertain", 100), (200, "uncertain", 100)]


def test_nothing_is_uncertain_where_nothing_was_trained(study: Study) -> None:
    lay_out_spec(study, MIX_E3)
    jobs = [planned("write_mix", mix="pilemc4ja"), planned("write_spec", MIX_E3), *segments(MIX_E3, 100, 200)]
    assert outcomes(foresee_training(study, jobs)) == [(100, "train", 100), (200, "train", 100)]


def test_new_settings_begin_a_new_run(study: Study, make_study: MakeStudy) -> None:
    lay_out_generation(study, lay_out_spec(study, MIX_E3), [200], [100, 200])

    def change(config):  # type: ignore[no-untyped-def]
        on_torch(config)
        config["schedules"]["it200k"]["peak_learning_rate"] = 3e-4

    jobs = [planned("write_spec", MIX_E3), *segments(MIX_E3, 200)]
    assert outcomes(foresee_training(make_study(change), jobs)) == [(200, "train", 200)]


def test_a_branch_takes_the_steps_after_it_leaves_its_trunk(make_study: MakeStudy) -> None:
    def branch(config):  # type: ignore[no-untyped-def]
        trunk = config["schedules"]["it100k"] | {"decay": "constant"}
        config["schedules"]["trunk"] = trunk
        config["schedules"]["branch"] = trunk | {"decay": "cosine", "branch_of": "trunk", "branch_step": 80_000}

    leaf = Run("pile", "e3", "branch", 1234)
    jobs = [planned("write_spec", leaf), *segments(leaf, 100_000)]
    assert outcomes(foresee_training(make_study(branch), jobs)) == [(100_000, "train", 20_000)]


def test_runs_come_in_order_each_with_its_segments(study: Study) -> None:
    other = Run("pilemc4ja", "e4", "it200k", 1234)
    jobs = [*segments(other, 200), *segments(MIX_E3, 200, 100)]
    jobs += [planned("write_spec", other), planned("write_spec", MIX_E3)]
    assert [(job.run.size, job.end_step) for job in foresee_training(study, jobs)] == [
        ("e3", 100),
        ("e3", 200),
        ("e4", 200),
    ]
