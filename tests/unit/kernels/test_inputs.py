"""What the loss refuses, and how it names a bad value."""

import math

import pytest
import torch
from losses import example

from tenbin.errors import UserError
from tenbin.kernels.inputs import check_inputs, describe_not_finite


def test_a_target_outside_the_vocabulary_is_an_index_error():
    hidden, weight, targets = example(10, 4, 20, 1.0)
    targets[3] = 20
    with pytest.raises(IndexError, match="target 20 is outside the vocabulary of 20"):
        check_inputs(hidden, weight, targets)


@pytest.mark.parametrize("targets", [torch.full((10,), -100), torch.zeros(0, dtype=torch.int64)])
def test_a_mean_over_nothing_is_refused(targets):
    hidden, weight, _ = example(len(targets), 4, 20, 1.0)
    with pytest.raises(UserError, match="no token has a target"):
        check_inputs(hidden, weight, targets)


@pytest.mark.parametrize(
    ("hidden", "weight", "targets"), [((3, 4), (9, 5), (3,)), ((3, 4), (9, 4), (2,)), ((3, 4, 1), (9, 4), (3,))]
)
def test_shapes_that_do_not_fit_are_refused(hidden, weight, targets):
    with pytest.raises(ValueError, match="expected, not"):
        check_inputs(torch.zeros(hidden), torch.zeros(weight), torch.zeros(targets, dtype=torch.int64))


def test_other_types_are_refused():
    hidden, weight, targets = example(10, 4, 20, 1.0)
    with pytest.raises(TypeError, match="float64"):
        check_inputs(hidden.double(), weight, targets)
    with pytest.raises(TypeError, match="int32"):
        check_inputs(hidden, weight, targets.int())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_bad_row_is_named(bad):
    hidden, weight, _ = example(10, 4, 20, 1.0)
    assert describe_not_finite(hidden, weight) is None
    hidden[7, 1] = hidden[9, 0] = bad
    assert describe_not_finite(hidden, weight) == "row 7 of hidden holds a NaN or an infinity"
    weight[2, 3] = bad
    assert describe_not_finite(hidden, weight) == "row 2 of weight holds a NaN or an infinity"
