"""Places that cannot be had: said in one message, with no rank started and no step taken."""

import os

import pytest
import torch

from tenbin.errors import UserError
from tenbin.study.execution import Placement
from tenbin.training.segment import train_segment


@pytest.fixture(autouse=True)
def _outside_of_any_job(monkeypatch):
    for name in ("SLURM_JOB_NODELIST", "SLURM_NODELIST", "PJM_O_NODEINF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        (Placement(gpus_per_node=4), r"asks for 4 GPUs on each node, but torch .* on this machine"),
        (Placement(nodes=2), "asks for 2 nodes, but this process is in no job"),
    ],
    ids=["GPUs", "nodes"],
)
def test_what_a_placement_asks_for_and_the_job_lacks_is_named(make_tiny_run, tmp_path, monkeypatch, placement, message):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    run = make_tiny_run(tmp_path)
    with pytest.raises(UserError, match=message):
        train_segment(run.job(12, placement=placement))
    assert not list(run.run_folder.glob("*/ranks.log"))
    assert not run.marker(12).exists()


def test_a_node_with_fewer_gpus_than_processes_is_named_by_the_rank(monkeypatch):
    from tenbin.training.rank_program import join_ranks  # noqa: PLC0415  # DeepSpeed is to know its accelerator

    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UserError, match=rf"{os.uname().nodename} has 2 GPUs, but process 3 of this node needs one"):
        join_ranks(Placement(gpus_per_node=4))
