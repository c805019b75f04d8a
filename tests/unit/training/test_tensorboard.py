"""Event files are read back by tensorboard's own reader."""

import pytest

from tenbin.training.segment import train_segment


def test_tensorboard_reads_every_step_of_a_run(make_tiny_run, tmp_path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = make_tiny_run(tmp_path)
    train_segment(run.job(5))
    events = accumulators.EventAccumulator(str(run.run_folder / "0001" / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "learning_rate", "grad_norm", "tokens_per_second"}
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3, 4, 5]
    assert all(4 < event.value < 6 for event in events.Scalars("loss"))
