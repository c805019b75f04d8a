"""config/published.yaml is the study as it was published."""

import json
from pathlib import Path

import pytest

from tenbin.pricing.memory import check_memory
from tenbin.study.corpora import HubCorpus
from tenbin.study.execution import Placement
from tenbin.study.model import PUBLISHED_SIZES, Run, Study
from tenbin.study.reading import load_yaml, read_study
from tenbin.study.settings import placement_settings, run_settings
from tenbin.study.shards import list_sources

TOKENS_A_STEP = 1536 * 2048


@pytest.fixture(scope="module")
def published(repository: Path) -> Study:
    overlay = load_yaml(repository / "config" / "published.yaml")
    return read_study(merge(load_yaml(repository / "config.yaml"), overlay), [])


def merge(base: dict, overlay: dict) -> dict:  # type: ignore[type-arg]
    """Merge as Snakemake merges config files."""
    both = {key: merge(base[key], overlay[key]) for key in base.keys() & overlay if isinstance(base[key], dict)}
    return base | overlay | both


def test_every_size_is_trained_on_each_language_and_on_both(published: Study) -> None:
    mono = {Run(mix, size, "it100k", 1234) for mix in ("pile", "mc4ja") for size in PUBLISHED_SIZES}
    both = {Run("pilemc4ja", size, "it200k", 1234) for size in PUBLISHED_SIZES}
    assert set(published.runs()) == mono | both


def test_the_schedules_are_those_of_the_published_study(published: Study) -> None:
    schedules = {name: published.schedules[name] for name in ("it100k", "it200k")}
    assert {name: schedule.tokens for name, schedule in schedules.items()} == {
        "it100k": 100_000 * TOKENS_A_STEP,
        "it200k": 200_000 * TOKENS_A_STEP,
    }
    for schedule in schedules.values():
        assert (schedule.peak_learning_rate, schedule.final_learning_rate) == (0.97e-4, 0.97e-5)
        assert (schedule.optimizer.beta1, schedule.optimizer.beta2, schedule.optimizer.weight_decay) == (
            0.9,
            0.95,
            0.01,
        )


def test_all_files_of_both_corpora_are_read(published: Study) -> None:
    counts = {
        (corpus, split): len(list_sources(corpus, published.corpora[corpus], split))
        for corpus, split in published.used_splits()
    }
    assert counts == {
        ("pile", "train"): 30,
        ("mc4ja", "train"): 1024,
        ("pileheldout", "valid"): 1,
        ("mc4ja", "valid"): 8,
    }


def test_data_are_pinned(published: Study) -> None:
    hub = [corpus for corpus in published.corpora.values() if isinstance(corpus, HubCorpus)]
    assert len(hub) == 3
    assert all(len(corpus.revision) == 40 for corpus in hub if corpus.repository != "monology/pile-test-val")


def test_batches_divide_among_gpus(published: Study) -> None:
    for run in published.runs():
        placement = published.execution.placement(run.size)
        assert placement.gpus == (32 if run.size == "e8" else 8)
        assert published.schedules[run.schedule].batch_size % (placement.gpus * (placement.micro_batch or 1)) == 0


def test_small_sizes_have_a_place_on_shared_gpus_with_the_same_batch(published: Study) -> None:
    sharing = published.model_copy(update={"execution": published.execution.model_copy(update={"share_gpus": True})})
    small = {size for size in PUBLISHED_SIZES if sharing.execution.shares_gpus(size)}
    assert small == {"e3", "e4", "e5", "e6"}
    check_memory(sharing)
    for run in published.runs():
        place = sharing.execution.placement(run.size)
        queue = sharing.execution.queue(run.size)
        assert queue is not None
        assert place.gpus == (1 if run.size in small else published.execution.placement(run.size).gpus)
        assert published.schedules[run.schedule].batch_size % (place.gpus * (place.micro_batch or 1)) == 0
        assert place.gpus <= (queue.max_gpus or 8 * (queue.max_nodes or 0))


def test_where_a_run_trains_is_no_part_of_what_it_is(published: Study) -> None:
    sharing = published.model_copy(update={"execution": published.execution.model_copy(update={"share_gpus": True})})
    for run in published.runs():
        assert run_settings(sharing, run) == run_settings(published, run)


def test_a_training_job_is_told_its_place_and_time_and_no_more(published: Study) -> None:
    told = json.loads(placement_settings(published, "e8"))
    assert told["placement"] == {"nodes": 4, "gpus_per_node": 8, "micro_batch": 4, "queue": "regular-a"}
    assert (told["walltime_s"], told["neox_home"]) == (48 * 3600, "gpt-neox")
    assert Placement(**told["placement"]) == published.execution.placement("e8")
    assert set(json.loads(placement_settings(published.model_copy(update={"neox": None}), "d64l1"))) == {
        "stop_margin_s",
        "checkpoint_interval_s",
        "lease_s",
    }
