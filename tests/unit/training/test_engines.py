"""The choice of the program that trains."""

import pytest

from tenbin.errors import UserError
from tenbin.study.execution import Placement
from tenbin.training.engines import check_split, engine_module, micro_batch
from tenbin.training.spec import read_spec


@pytest.mark.parametrize(
    ("changes", "placement", "module"),
    [
        ({}, Placement(), "tenbin.training.single"),
        ({}, Placement(micro_batch=2), "tenbin.training.single"),
        ({}, Placement(processes_per_node=2), "tenbin.training.ranks"),
        ({}, Placement(nodes=2), "tenbin.training.ranks"),
        ({}, Placement(gpus_per_node=1), "tenbin.training.ranks"),
        ({"numerics": "bf16"}, Placement(), "tenbin.training.single"),
        ({"numerics": "bf16"}, Placement(gpus_per_node=1), "tenbin.training.ranks"),
        ({"numerics": "fp16"}, Placement(), "tenbin.training.ranks"),
        ({"engine": "neox"}, Placement(), "tenbin.neox.engine"),
        ({"engine": "neox"}, Placement(nodes=4, gpus_per_node=8), "tenbin.neox.engine"),
    ],
)
def test_the_spec_and_the_placement_decide_which_module_trains(make_tiny_run, tmp_path, changes, placement, module):
    run = make_tiny_run(tmp_path)
    run.respell(**changes)
    assert engine_module(run.job(12, placement=placement), read_spec(run.spec)[0]) == module


def test_the_micro_batch_is_a_processs_whole_share_unless_it_is_set(make_tiny_run, tmp_path):
    run = make_tiny_run(tmp_path)
    spec = read_spec(run.spec)[0]
    assert micro_batch(run.job(12), spec) == 4
    assert micro_batch(run.job(12, placement=Placement(processes_per_node=2)), spec) == 2
    assert micro_batch(run.job(12, placement=Placement(processes_per_node=2, micro_batch=1)), spec) == 1


@pytest.mark.parametrize(
    "placement",
    [Placement(micro_batch=3), Placement(processes_per_node=3), Placement(nodes=8), Placement(nodes=2, micro_batch=4)],
)
def test_a_batch_that_cannot_be_split_is_refused(make_tiny_run, tmp_path, placement):
    run = make_tiny_run(tmp_path)
    with pytest.raises(UserError, match="the batch of 4 sequences cannot be split over"):
        check_split(run.job(12, placement=placement), read_spec(run.spec)[0])
