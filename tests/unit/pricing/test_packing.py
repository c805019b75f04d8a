"""Small runs on one GPU each."""

import pytest
from priced import MIX_E3, MIX_E8, Config, MakeStudy, on_torch

from tenbin.pricing.cost import Prices
from tenbin.pricing.packing import pack


def test_packing_changes_no_gpu_hour_and_takes_eight_times_as_long(make_study: MakeStudy) -> None:
    prices = Prices(make_study())
    packed, planned = pack(prices, MIX_E3), prices.price(MIX_E3)
    assert packed is not None
    assert packed.price.gpus == 1
    assert packed.price.gpu_hours == pytest.approx(planned.gpu_hours)
    assert packed.price.days == pytest.approx(8 * (planned.days or 0))
    assert packed.price.days == pytest.approx(17.9, abs=0.1)
    assert packed.segments == 9, "17.9 days in pieces of 47.75 hours"


def test_runs_on_several_nodes_on_one_gpu_and_on_the_cpu_are_not_packed(make_study: MakeStudy) -> None:
    assert pack(Prices(make_study()), MIX_E8) is None
    assert pack(Prices(make_study(on_torch)), MIX_E3) is None

    def single(config: Config) -> None:
        config["execution"]["placements"]["e3"] = {"gpus_per_node": 1, "micro_batch": 16}

    assert pack(Prices(make_study(single)), MIX_E3) is None


def test_a_size_that_does_not_fit_one_gpu_is_not_packed(make_study: MakeStudy) -> None:
    def tight(config: Config) -> None:
        # Split over eight ranks the optimiser's state fits, whole it does not.
        config["execution"]["placements"]["e8"] = {"gpus_per_node": 8, "micro_batch": 4, "queue": "regular-a"}
        config["execution"]["site"]["gpu_memory_gb"] = 31

    assert pack(Prices(make_study(tight)), MIX_E8) is None
    assert pack(Prices(make_study(tight)), MIX_E3) is not None


def test_without_a_time_limit_a_packed_run_is_one_segment(make_study: MakeStudy) -> None:
    def free(config: Config) -> None:
        config["execution"]["placements"]["e3"] = {"gpus_per_node": 8, "micro_batch": 16}

    packed = pack(Prices(make_study(free)), MIX_E3)
    assert packed is not None
    assert packed.segments == 1
