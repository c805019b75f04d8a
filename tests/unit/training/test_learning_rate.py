"""The learning-rate law; every recorded rate is checked in test_network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenbin.study.catalogue import Schedule
from tenbin.training.learning_rate import learning_rate


def schedule(**changes):
    entries = {
        "steps": 100,
        "batch_size": 1,
        "sequence_length": 8,
        "peak_learning_rate": 1.0,
        "final_learning_rate": 0.1,
        "warmup_share": 0.05,
    }
    return Schedule(**(entries | changes))


def test_the_first_two_steps_share_a_rate_and_warm_up_ends_at_the_peak():
    rates = [learning_rate(step, schedule()) for step in range(1, 8)]
    assert rates[:6] == [0.2, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert rates[6] < 1.0


def test_a_cosine_is_halfway_down_in_the_middle():
    assert learning_rate(51, schedule(warmup_share=0)) == pytest.approx(0.55)


def test_without_warm_up_the_first_step_has_the_peak():
    assert learning_rate(1, schedule(warmup_share=0)) == 1.0


def test_a_constant_schedule_stays_at_the_peak():
    assert {learning_rate(step, schedule(decay="constant")) for step in range(6, 101)} == {1.0}


@given(step=st.integers(1, 100), share=st.sampled_from([0.0, 0.01, 0.035, 0.5]))
def test_rates_stay_between_zero_and_the_peak_and_after_warm_up_above_the_final_one(step, share):
    rate = learning_rate(step, schedule(warmup_share=share))
    assert 0 < rate <= 1.0
    if step - 1 > share * 100:
        assert rate >= 0.1


def branch(**changes):
    entries = {"branch_of": "trunk", "branch_step": 60, "decay": "linear", "warmup_share": 0.05}
    return schedule(**(entries | changes))


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_a_branch_begins_at_the_peak_and_falls_all_the_way(decay):
    rates = [learning_rate(step, branch(decay=decay)) for step in range(61, 101)]
    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 40
    assert rates[20] == pytest.approx(0.55), "half of the fall after half of the steps"
    assert 0.1 < rates[-1] < 0.125


def test_a_linear_branch_falls_by_equal_parts():
    rates = [learning_rate(step, branch(final_learning_rate=0.0)) for step in range(61, 101)]
    assert rates == pytest.approx([1 - part / 40 for part in range(40)])


def test_a_cosine_branch_is_a_cosine_schedule_of_its_own():
    alone = schedule(steps=40, warmup_share=0)
    assert [learning_rate(step + 60, branch(decay="cosine")) for step in range(1, 41)] == [
        learning_rate(step, alone) for step in range(1, 41)
    ]


def test_a_linear_schedule_heads_for_zero_and_is_held_at_the_final_rate():
    rates = [learning_rate(step, schedule(decay="linear", warmup_share=0)) for step in range(1, 101)]
    assert rates[:91] == pytest.approx([1 - part / 100 for part in range(91)])
    assert rates[90:] == [pytest.approx(0.1)] + [0.1] * 9


@given(leave=st.integers(6, 99), step=st.integers(1, 100), decay=st.sampled_from(["linear", "cosine"]))
def test_rates_of_a_branch_lie_between_final_and_peak(leave, step, decay):
    plan = branch(branch_step=leave, decay=decay)
    if step > leave:
        assert 0.1 <= learning_rate(step, plan) <= 1.0
