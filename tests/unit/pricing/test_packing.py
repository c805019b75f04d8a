"""Small runs on shared GPUs."""

import pytest
from priced import MIX_E3, MIX_E8, Config, MakeStudy, on_torch, sharing

from tenbin.pricing.cost import Prices
from tenbin.pricing.packing import pack
from tenbin.study.model import Run


def test_packing_changes_no_gpu_hour_and_takes_eight_times_as_long(make_study: MakeStudy) -> None:
    prices = Prices(make_study())
    packed, planned = pack(prices, MIX_E3), prices.price(MIX_E3)
    assert packed is not None
    assert (packed.price.gpus, packed.queue) == (1, "share")
    assert packed.price.gpu_hours == pytest.approx(planned.gpu_hours)
    assert packed.price.days == pytest.approx(8 * (planned.days or 0))
    assert packed.price.days == pytest.approx(17.9, abs=0.1)
    assert packed.segments == 14, "200,000 steps, 15,000 at a time"


def test_a_packed_run_is_priced_as_the_study_that_shares_gpus_prices_it(make_study: MakeStudy) -> None:
    packed, shared = pack(Prices(make_study()), MIX_E3), Prices(make_study(sharing))
    assert packed is not None
    assert shared.price(MIX_E3).hours == pytest.approx(packed.price.hours)
    assert shared.price(MIX_E3).gpus == packed.price.gpus
    assert len(shared.segment_ends(MIX_E3)) == packed.segments
    assert shared.charge(shared.price(MIX_E3).gpu_hours) == pytest.approx(3 * 429, abs=2)


def test_runs_without_a_shared_place_and_runs_that_are_there_are_not_packed(make_study: MakeStudy) -> None:
    assert pack(Prices(make_study()), MIX_E8) is None
    assert pack(Prices(make_study(on_torch)), MIX_E3) is None
    assert pack(Prices(make_study(sharing)), MIX_E3) is None


def test_a_shared_place_may_have_two_gpus(make_study: MakeStudy) -> None:
    def two(config: Config) -> None:
        config["execution"]["shared"]["placements"]["e3"] = {"gpus_per_node": 2, "micro_batch": 16, "queue": "share"}
        config["execution"]["shared"]["segment_steps"]["e3"] = 50_000

    packed = pack(Prices(make_study(two)), Run("pile", "e3", "it100k", 1234))
    assert packed is not None
    assert (packed.price.gpus, packed.segments) == (2, 2)
