"""What the parent tells the ranks, and which samples each of them reads."""

import math

import numpy as np
import pytest
import torch.distributed

from tenbin.mixing.samples import BlendedSamples
from tenbin.study.execution import Placement
from tenbin.training.divergence import DivergedError
from tenbin.training.generations import Start, claim_generation
from tenbin.training.ranked_divergence import read_divergence, tell_divergence
from tenbin.training.ranked_job import RankedJob, read_ranked_job


@pytest.fixture(autouse=True)
def _deepspeed_on_cpu(monkeypatch):
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")


@pytest.fixture
def generation(tmp_path):
    return claim_generation(tmp_path / "work" / "run", 1, Start())


def test_a_job_comes_back_as_it_was_written(make_tiny_run, tmp_path, generation):
    placement = Placement(nodes=2, processes_per_node=4, micro_batch=1, checkpoint_activations=True)
    job = make_tiny_run(tmp_path).job(12, placement=placement, threads=9, walltime_s=5.5, previous=tmp_path / "marker")
    ranked = RankedJob(job, "f" * 64, generation)
    ranked.write()
    assert read_ranked_job(ranked.file) == ranked
    assert ranked.threads == 2


def test_a_job_of_fewer_threads_than_ranks_has_one_for_each(make_tiny_run, tmp_path, generation):
    assert (
        RankedJob(make_tiny_run(tmp_path).job(12, placement=Placement(processes_per_node=8)), "", generation).threads
        == 1
    )


@pytest.mark.parametrize(("loss", "norm"), [(math.nan, None), (2.5, math.inf), (math.inf, math.nan)])
def test_word_of_a_divergence_reaches_the_parent(generation, loss, norm):
    assert read_divergence(generation) is None
    tell_divergence(DivergedError(7, loss, norm), generation)
    found = read_divergence(generation)
    assert isinstance(found, DivergedError)
    assert (found.step, str(found)) == (7, str(DivergedError(7, loss, norm)))


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_share_every_batch_in_order(make_tiny_run, tmp_path, monkeypatch, ranks):
    from tenbin.training.ranked_loop import rank_sequences  # noqa: PLC0415  # DeepSpeed is to know its accelerator

    run = make_tiny_run(tmp_path)
    samples = BlendedSamples(run.folder / "orders", run.tokens, 16, 4)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: ranks)
    for step in range(samples.steps):
        parts = []
        for rank in range(ranks):
            monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
            parts.append(rank_sequences(samples, step).numpy())
        np.testing.assert_array_equal(np.concatenate(parts), samples.batch(step))
