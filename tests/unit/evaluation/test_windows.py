"""The scoring rule, held against a token-by-token count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.evaluation.windows import batches_of_windows


@settings(max_examples=60, deadline=None)
@given(num_tokens=st.integers(2, 60), sequence_length=st.integers(1, 12), windows_per_batch=st.integers(1, 4))
def test_windows_are_those_of_the_rule(num_tokens: int, sequence_length: int, windows_per_batch: int) -> None:
    stream = np.random.default_rng(num_tokens).integers(0, 1000, num_tokens).astype(np.uint16)
    expected = []
    for target in range(1, num_tokens):
        window = (target - 1) // sequence_length
        seen = [int(stream[i]) for i in range(window * sequence_length, target)]
        expected.append((seen, int(stream[target])))

    found = []
    for inputs, targets in batches_of_windows(stream, sequence_length, windows_per_batch):
        for window_inputs, window_targets in zip(inputs.tolist(), targets.tolist(), strict=True):
            found += [(window_inputs[: i + 1], target) for i, target in enumerate(window_targets)]

    assert found == expected


def test_only_the_last_window_is_short() -> None:
    stream = np.arange(11, dtype=np.uint16)
    shapes = [inputs.shape for inputs, _ in batches_of_windows(stream, sequence_length=4, windows_per_batch=8)]
    assert shapes == [(2, 4), (1, 2)]


def test_a_single_token_has_no_target() -> None:
    assert list(batches_of_windows(np.array([5], np.uint16), 4, 2)) == []
