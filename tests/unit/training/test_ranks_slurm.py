"""A training job on two nodes of a real Slurm gives the losses of one process."""

import shlex

import numpy as np
import pytest
from clusters import run_job, slurm_cluster
from training_runs import command, losses

from tenbin.files import read_json
from tenbin.training.segment import train_segment


@pytest.mark.slow
def test_two_nodes_of_slurm_give_the_losses_of_one_process(make_tiny_run, tmp_path):
    alone, spread = [make_tiny_run(tmp_path / name) for name in ("alone", "spread")]
    train_segment(alone.job(12))
    output = tmp_path / "job.out"
    with slurm_cluster(nodes=2) as cluster:
        state = run_job(cluster, shlex.join(command(spread, 12, placement={"nodes": 2})), output, nodes=2)
    assert state == "COMPLETED", output.read_text()
    assert np.abs(np.subtract(losses(spread, 12), losses(alone, 12))).max() <= 1e-6
    marker = read_json(spread.marker(12))
    assert (marker["ranks"], marker["nodes"]) == (2, 2)
    assert "tenbin: step 12/12" in output.read_text()
