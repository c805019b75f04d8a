"""One row a run."""

import pytest
from priced import MIX_E3, MONO_E3, Config, MakeStudy, lay_out_tokens, on_torch

from tenbin.pricing.cost import Prices
from tenbin.pricing.prospects import TrainingJob
from tenbin.pricing.rows import Row, other_rows, selected_rows
from tenbin.study.model import PUBLISHED_SIZES, Run, Study


def row_of(study: Study, run: Run, *jobs: TrainingJob) -> Row:
    return next(row for row in selected_rows(Prices(study), jobs) if row.run == run)


def test_every_selected_run_has_a_row_smallest_first(make_study: MakeStudy) -> None:
    study = make_study()
    rows = selected_rows(Prices(study), [])
    assert [row.run for row in rows] == study.runs()
    assert len(rows) == 18
    assert {row.run.size: (row.n_nonembedding, row.n_total) for row in rows} == PUBLISHED_SIZES


def test_the_published_days_stand_beside_the_mix_only(make_study: MakeStudy) -> None:
    rows = selected_rows(Prices(make_study()), [])
    days = {row.run.size: row.published_days for row in rows if row.published_days}
    assert days == {"e3": 2.2, "e4": 2.2, "e5": 2.3, "e6": 2.8, "e7": 4.9, "e8": 4.1}
    assert all(row.run.mix == "pilemc4ja" for row in rows if row.published_days)


def test_another_schedule_has_no_published_days(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["schedules"]["it200k"].update(batch_size=768))
    assert row_of(study, MIX_E3).published_days is None


def test_tokens_and_epochs_of_each_corpus(make_study: MakeStudy) -> None:
    study = make_study()
    shares = {share.corpus: share for share in row_of(study, MIX_E3).corpora}
    assert row_of(study, MIX_E3).tokens == 629_145_600_000
    assert shares["mc4ja"].epochs == pytest.approx(314_572_800_000 / 314_000_000_000)
    assert not shares["mc4ja"].counted
    lay_out_tokens(study, "mc4ja", 157_286_400_000)
    share = next(share for share in row_of(study, MIX_E3).corpora if share.corpus == "mc4ja")
    assert (share.epochs, share.counted) == (2.0, True)


def test_epochs_are_left_open_where_tokens_are_not_known(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["corpora"]["pile"].update(expected_tokens={}))
    row = row_of(study, MONO_E3)
    assert row.corpora[0].epochs is None
    assert row.data_bytes is None


STATES = {
    "fresh": [],
    "re-check": [("re-check", 0)],
    "to train": [("re-check", 0), ("train", 70)],
    "uncertain": [("uncertain", 100), ("uncertain", 100)],
}


@pytest.mark.parametrize("state", STATES)
def test_the_state_of_a_run_follows_from_its_jobs(make_study: MakeStudy, state: str) -> None:
    jobs = [TrainingJob(MIX_E3, n, outcome, steps) for n, (outcome, steps) in enumerate(STATES[state])]  # type: ignore[arg-type]
    row = row_of(make_study(), MIX_E3, *jobs)
    assert row.state == state
    assert row.steps_left == sum(steps for _, steps in STATES[state])
    assert row.left.gpu_hours == pytest.approx((row.price.gpu_hours or 0) * row.steps_left / 200_000)


def test_segments_queue_memory_and_disk(make_study: MakeStudy) -> None:
    row = row_of(make_study(), MIX_E3)
    assert (row.segments, row.walltime_h, row.placement.queue) == (2, 48, "regular-a")
    assert row.longest_segment_h == pytest.approx(26.8, abs=0.1)
    assert row.fits
    assert row.memory_bytes == pytest.approx(18.8e9, rel=0.01)
    assert row.checkpoint_bytes == (2 + 2) * 14 * 1_613_040
    assert row.data_bytes == pytest.approx(2 * (249e9 + 314e9) + 20 * (249e6 + 314e6) + 11.4e9, rel=0.01)


def test_a_run_on_the_cpu_has_no_gpu_numbers(make_study: MakeStudy) -> None:
    row = row_of(make_study(on_torch), MIX_E3)
    assert (row.price.gpu_hours, row.charge, row.memory, row.packed, row.step_s) == (None, None, None, None, None)
    assert row.fits


def test_pythias_shapes_are_priced_under_the_same_schedules(make_study: MakeStudy) -> None:
    rows = other_rows(Prices(make_study()))
    assert len(rows) == 5 * 3
    assert {row.state for row in rows} == {"not selected"}
    fits = {row.run.size: row.fits for row in rows}
    assert fits == {"d2048l16": True, "d2048l24": True, "d2560l32": True, "d4096l32": False, "d5120l36": False}
    largest = next(row for row in rows if row.run == Run("pilemc4ja", "d5120l36", "it200k", 1234))
    # 12 L d^2 + V d + L T d, times 6 and the tokens: 4.5e22; at 142 TFLOP/s and 2.4 us a token 88,900 hours.
    assert largest.flops == pytest.approx(4.51e22, rel=0.01)
    assert largest.price.gpu_hours == pytest.approx(88_900, rel=0.01)
    assert largest.segments == 59, "57.9 days in pieces of 23.75 hours"


def test_a_size_that_is_selected_is_not_priced_twice(make_study: MakeStudy) -> None:
    def select(config: Config) -> None:
        config["execution"]["also_price"] = ["e3", "d2048l16"]

    assert {row.run.size for row in other_rows(Prices(make_study(select)))} == {"d2048l16"}
