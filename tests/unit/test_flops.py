"""Training FLOPs, held against the published study's table and a count of one training step's matrices."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tenbin.flops import training_flops_per_token
from tenbin.model import Architecture, GPTNeoX


@pytest.mark.parametrize(
    ("hidden_size", "num_layers", "megaflops"),
    [(16, 1, 5.044), (32, 1, 10.13), (64, 2, 21.48), (1024, 24, 2423)],
)
def test_published_sizes_cost_what_was_counted(hidden_size: int, num_layers: int, megaflops: float) -> None:
    flops = training_flops_per_token(
        hidden_size=hidden_size, num_layers=num_layers, padded_vocabulary=50_304, sequence_length=2048
    )
    assert flops / 1e6 == pytest.approx(megaflops, rel=2e-3)


def test_the_unembedding_dominates_the_smallest_model() -> None:
    flops = training_flops_per_token(hidden_size=16, num_layers=1, padded_vocabulary=50_304, sequence_length=2048)
    assert 6 * 50_304 * 16 / flops == pytest.approx(0.957, abs=0.001)


def test_matrices_are_counted_as_torch_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backward costs twice forward; torch counts all of the attention matrix, of which causality needs half."""
    hidden_size, num_layers, positions, vocabulary = 32, 2, 64, 128
    model = GPTNeoX(Architecture(hidden_size, num_layers, 4, 2, vocabulary, positions))
    # Neither our attention nor torch's fused one is counted; the plain one is two matrix products.
    monkeypatch.setenv("TENBIN_KERNEL", "torch")
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        model(torch.zeros(1, positions, dtype=torch.int64))
    ours = training_flops_per_token(
        hidden_size=hidden_size, num_layers=num_layers, padded_vocabulary=vocabulary, sequence_length=positions
    )
    half_of_attention = 2 * num_layers * positions * hidden_size
    assert ours / 3 * positions == counter.get_total_flops() - half_of_attention * positions
