"""The pure-torch path beyond what all paths share."""

import pytest
from losses import example

from tenbin.kernels import chunked


@pytest.mark.parametrize("spread", [0.1, 30.0])
def test_chunks_change_no_more_than_rounding(monkeypatch, spread):
    inputs = example(1000, 8, 50, spread)
    whole = chunked.loss_and_gradients(*inputs).mean
    monkeypatch.setattr(chunked, "CHUNK_BYTES", 1)
    assert abs(chunked.loss_and_gradients(*inputs).mean - whole) < 1e-6 * max(1.0, whole)
