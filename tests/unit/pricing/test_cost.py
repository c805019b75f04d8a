"""The price of a run."""

import pytest
from priced import MIX_E3, MIX_E8, MONO_E3, Config, MakeStudy, lay_out_segment, on_torch

from tenbin.pricing.calibration import PUBLISHED_TIMES
from tenbin.pricing.cost import Price, Prices
from tenbin.study.model import Run


def test_the_model_gives_the_published_seconds_and_gpu_hours_within_its_error(make_study: MakeStudy) -> None:
    prices = Prices(make_study())
    for time in PUBLISHED_TIMES:
        run = Run("pilemc4ja", time.size, "it200k", 1234)
        expected = 1 + prices.model.error(time)
        speed, price = prices.speed(run), prices.price(run)
        assert speed is not None
        assert speed.source == "model"
        assert speed.seconds == pytest.approx(time.step_s * expected)
        assert price.days == pytest.approx(time.days * expected)
        assert price.gpu_hours == pytest.approx(time.gpu_hours * expected)


def test_one_language_at_half_the_steps_costs_half(make_study: MakeStudy) -> None:
    prices = Prices(make_study())
    mix, mono = prices.price(MIX_E3).gpu_hours, prices.price(MONO_E3).gpu_hours
    assert mix == pytest.approx(2 * (mono or 0))


def test_flops_count_the_unembedding(make_study: MakeStudy) -> None:
    prices = Prices(make_study())
    assert prices.flops(MIX_E3) == pytest.approx(3.17e18, rel=2e-3)
    six_n_d = 6 * 3_312 * 629_145_600_000
    assert six_n_d == pytest.approx(1.25e16, rel=2e-3)
    assert prices.flops(MIX_E3) / six_n_d == pytest.approx(254, abs=1)


def test_the_arithmetic_alone_is_a_small_part_of_the_smallest_and_most_of_the_largest(make_study: MakeStudy) -> None:
    prices = Prices(make_study())

    def share(run: Run) -> float:
        return (prices.floor_gpu_hours(run) or 0) / (prices.price(run).gpu_hours or 1)

    assert share(MIX_E3) < 0.02
    assert share(MIX_E8) > 0.85


def test_the_charge_is_a_rate_of_the_site(make_study: MakeStudy) -> None:
    prices = Prices(make_study(lambda config: config["execution"]["site"].update(charge_per_gpu_hour=1.5)))
    assert prices.charge(100.0) == 150.0
    assert prices.charge(None) is None
    free = Prices(make_study(lambda config: config["execution"]["site"].update(charge_per_gpu_hour=None)))
    assert free.charge(100.0) is None


def test_measured_seconds_replace_the_model(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["study"].update(engine="torch"))
    lay_out_segment(study, MIX_E3, 100_000, [2.0, 2.0], ranks=8)
    prices = Prices(study)
    speed, other = prices.speed(MIX_E3), prices.speed(MONO_E3)
    assert speed is not None
    assert other is not None
    assert (speed.seconds, speed.source) == (2.0, "measured")
    assert (other.seconds, other.source) == (2.0, "measured on other runs")
    assert prices.price(MIX_E3).gpu_hours == pytest.approx(8 * 2.0 * 200_000 / 3600)


def test_measured_seconds_never_move_the_ends_of_segments(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["study"].update(engine="torch"))
    before = Prices(study).segment_ends(MIX_E3)
    lay_out_segment(study, MIX_E3, 100_000, [500.0], ranks=8)
    assert Prices(study).segment_ends(MIX_E3) == before == [100_000, 200_000]


def test_on_the_cpu_there_is_no_price_and_no_time_until_one_is_measured(make_study: MakeStudy) -> None:
    study = make_study(on_torch)
    prices = Prices(study)
    assert prices.speed(MIX_E3) is None
    assert prices.price(MIX_E3) == Price(0, None)
    assert prices.price(MIX_E3).gpu_hours is None
    assert prices.floor_gpu_hours(MIX_E3) is None
    lay_out_segment(study, MIX_E3, 100, [0.36])
    measured = Prices(study).price(MIX_E3)
    assert measured.hours == pytest.approx(0.36 * 200 / 3600)
    assert measured.gpu_hours is None


def test_a_part_of_a_run_costs_its_steps(make_study: MakeStudy) -> None:
    prices = Prices(make_study())
    whole, tenth = prices.price(MIX_E3).gpu_hours, prices.price(MIX_E3, 20_000).gpu_hours
    assert tenth == pytest.approx((whole or 0) / 10)
    assert prices.price(MIX_E3, 0).gpu_hours == 0


def test_a_branch_costs_the_steps_after_it_leaves_its_trunk(make_study: MakeStudy) -> None:
    def branch(config: Config) -> None:
        trunk = config["schedules"]["it100k"] | {"decay": "constant"}
        config["schedules"]["trunk"] = trunk
        config["schedules"]["branch"] = trunk | {"decay": "cosine", "branch_of": "trunk", "branch_step": 80_000}

    prices = Prices(make_study(branch))
    trunk, leaf = (Run("pile", "e3", schedule, 1234) for schedule in ("trunk", "branch"))
    assert prices.price(leaf).gpu_hours == pytest.approx(0.2 * (prices.price(trunk).gpu_hours or 0))
    assert prices.flops(leaf) * 5 == prices.flops(trunk)
    assert prices.longest_segment_h(leaf) == prices.price(leaf).hours


def test_the_longest_segment_against_the_time_a_job_may_train(make_study: MakeStudy) -> None:
    prices = Prices(make_study(lambda config: config["execution"].update(stop_margin_s=1800)))
    assert prices.usable_h(MIX_E3) == 47.5
    assert prices.longest_segment_h(MIX_E3) == pytest.approx((prices.price(MIX_E3).hours or 0) / 2)
    assert Prices(make_study(on_torch)).usable_h(MIX_E3) is None
