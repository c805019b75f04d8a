"""The budget of one call."""

from types import SimpleNamespace
from typing import Any

import pytest
from priced import MIX_E3, MIX_E8, MONO_E3, MakeStudy, lay_out_generation, lay_out_spec, planned, segments

from tenbin.errors import UserError
from tenbin.pricing.budget import check_budget, price_training, stop_over_budget
from tenbin.pricing.prospects import TrainingJob, foresee_training
from tenbin.study.model import Study


def with_budget(make_study: MakeStudy, gpu_hours: float | None) -> Study:
    return make_study(lambda config: config["execution"].update(budget_gpu_hours=gpu_hours))


def job(run: Any, steps: int, outcome: Any = "train") -> TrainingJob:
    return TrainingJob(run, steps, outcome, steps)


def call(*jobs: Any, touch: bool = False) -> Any:
    """Return what `onstart` sees of a call that would run these jobs."""
    rules = [SimpleNamespace(rule=SimpleNamespace(name=one.rule), wildcards_dict=one.wildcards) for one in jobs]
    return SimpleNamespace(touch=touch, dag=SimpleNamespace(needrun_jobs=lambda: iter(rules)))


def test_gpu_hours_are_added_up_by_run_the_largest_first(make_study: MakeStudy) -> None:
    hours = price_training(make_study(), [job(MIX_E3, 100_000), job(MIX_E3, 100_000), job(MIX_E8, 200_000)])
    assert list(hours) == [MIX_E8, MIX_E3]
    assert hours[MIX_E3] == pytest.approx(429, abs=1)
    assert hours[MIX_E8] == pytest.approx(3412, abs=1)


def test_a_call_within_its_budget_or_without_one_goes_on(make_study: MakeStudy) -> None:
    jobs = [job(MIX_E8, 200_000), job(MIX_E3, 200_000)]
    check_budget(with_budget(make_study, 4000), jobs)
    check_budget(with_budget(make_study, None), jobs)
    check_budget(with_budget(make_study, 0), [])


def test_a_call_over_budget_is_told_both_numbers_and_what_costs_most(make_study: MakeStudy) -> None:
    with pytest.raises(UserError) as caught:
        check_budget(with_budget(make_study, 2000), [job(MIX_E3, 200_000), job(MIX_E8, 200_000)])
    message = str(caught.value)
    for words in ("would train 3,841 GPU-hours", "budget_gpu_hours is 2,000", "nothing was started"):
        assert words in message
    assert "The largest of 2 runs: pilemc4ja/e8/it200k/seed1234 3,412" in message


def test_what_is_only_checked_again_costs_nothing(make_study: MakeStudy) -> None:
    check_budget(with_budget(make_study, 0), [TrainingJob(MIX_E8, 200_000, "re-check", 0)])


def test_what_is_uncertain_counts_and_is_named(make_study: MakeStudy) -> None:
    with pytest.raises(UserError, match="429 of them only if data made anew differ"):
        check_budget(with_budget(make_study, 100), [job(MIX_E3, 200_000, "uncertain"), job(MONO_E3, 100_000)])


def test_a_call_is_stopped_by_the_jobs_that_it_is_about_to_run(
    make_study: MakeStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    study = with_budget(make_study, 400)
    jobs = [planned("write_spec", MIX_E3), *segments(MIX_E3, 100_000, 200_000)]
    with pytest.raises(SystemExit) as left:
        stop_over_budget(study, call(*jobs))
    assert left.value.code == 1
    printed = capsys.readouterr().err
    assert printed.startswith("tenbin: error: this call would train 429 GPU-hours")
    assert len(printed.splitlines()) == 1
    stop_over_budget(study, call(planned("write_spec", MIX_E3), *segments(MIX_E3, 100_000)))
    stop_over_budget(study, call(planned("plan")))
    stop_over_budget(study, call(*jobs, touch=True))
    stop_over_budget(with_budget(make_study, None), call(*jobs))


def test_finished_work_is_found_before_it_is_priced(make_study: MakeStudy) -> None:
    study = with_budget(make_study, 300)
    fingerprint = lay_out_spec(study, MIX_E3)
    jobs = segments(MIX_E3, 100_000, 200_000)
    with pytest.raises(UserError):
        check_budget(study, foresee_training(study, jobs))
    lay_out_generation(study, fingerprint, [100_000], [100_000])
    stop_over_budget(study, call(*jobs))
