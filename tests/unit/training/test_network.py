"""The engine against recorded GPT-NeoX runs."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from tenbin.training.learning_rate import learning_rate

LOSS_TOLERANCE = 4e-6
BF16_TOLERANCE = 2e-3
"""In nats per token; plain bf16 autocast was 1.1e-2 from fp32 after a hundred steps of another run."""
WEIGHT_RMS = {"A1": 1.2e-07, "A2": 6.0e-08, "A3": 5.4e-08, "A4": 7.0e-06}
"""What an independent implementation reached (README of the recordings)."""


@pytest.mark.golden
@pytest.mark.parametrize("name", ["A1", "A2", "A3", "A4", "A5"])
def test_every_step_of_a_recorded_run_is_reproduced(golden_run, name):
    network = golden_run.network()
    worst_loss = worst_norm = 0.0
    for row, batch in zip(golden_run.steps, golden_run.batches, strict=True):
        step = int(row["iteration"])
        assert learning_rate(step, golden_run.schedule) == row["lr_used"]
        loss, norm = network.step(step, batch)
        worst_loss = max(worst_loss, abs(loss - row["lm_loss"]))
        worst_norm = max(worst_norm, abs(norm / row["grad_norm"] - 1))
    print(name, "loss", worst_loss, "norm", worst_norm)
    assert len(golden_run.steps) == 60
    assert worst_loss <= LOSS_TOLERANCE
    assert worst_norm <= 1e-5
    if golden_run.final:
        rms = weight_rms(network.state(), load_file(golden_run.final))
        print(name, "weights rms", rms)
        assert rms <= 2 * WEIGHT_RMS[name]


@pytest.mark.golden
@pytest.mark.parametrize("name", ["A1", "A3"])
@pytest.mark.parametrize("width", [128, 1])
def test_bf16_stays_close_to_a_recorded_run_in_fp32(golden_run, name, width, monkeypatch):
    monkeypatch.setattr("tenbin.training.network.BF16_BODY_WIDTH", width)
    network = golden_run.network("bf16")
    assert network.rounds_layers is (width == 1)
    steps = zip(golden_run.steps, golden_run.batches, strict=True)
    found = [network.step(int(row["iteration"]), batch)[0] - row["lm_loss"] for row, batch in steps]
    print(name, width, "loss", np.abs(found).max())
    assert 1e-6 < np.abs(found).max() <= BF16_TOLERANCE


def weight_rms(state, recorded):
    differences = [state["weights/" + name].ravel() - value.ravel() for name, value in recorded.items()]
    return float(np.sqrt(np.mean(np.concatenate(differences).astype(np.float64) ** 2)))
