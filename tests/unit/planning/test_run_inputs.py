"""Input functions of mixes, orders and segments: which files a job reads, from its wildcards."""

from types import SimpleNamespace
from typing import Any

import pytest

from tenbin.planning import RunInputs


def wildcards(**values: str) -> Any:
    return SimpleNamespace(**values)


@pytest.fixture
def inputs(make_study: Any) -> RunInputs:
    return RunInputs(make_study(), "no/such/results")


def test_corpora_of_a_mix_come_sorted_whatever_the_order_of_keys(inputs: RunInputs) -> None:
    job = wildcards(mix="jaen", schedule="it500", seed="0")
    assert inputs.mix_tokens(".json")(job) == [
        "<results>/tokens/bpe4096/en/train.json",
        "<results>/tokens/bpe4096/ja/train.json",
    ]
    assert inputs.mix_languages(job) == ["--language", "en=en", "--language", "ja=ja"]
    given = SimpleNamespace(bin=["x/en.bin", "x/ja.bin"])
    assert inputs.by_corpus("--tokens", "bin")(job, given) == ["--tokens", "en=x/en", "--tokens", "ja=x/ja"]


def test_segments_chain_by_their_ends(make_study: Any) -> None:
    study = make_study(lambda config: config.update(execution={"segment_steps": {"e3": 100}}))
    inputs = RunInputs(study, "no/such/results")
    run = {"mix": "en", "size": "e3", "schedule": "it500", "seed": "0"}
    folder = "<results>/runs/en/e3/it500/seed0/segments"
    assert inputs.previous_segment(wildcards(end_step="100", **run)) == []
    assert inputs.previous_segment(wildcards(end_step="500", **run)) == [f"{folder}/400.json"]
    assert inputs.last_segment(wildcards(**run)) == f"{folder}/500.json"
    assert inputs.last_segment(wildcards(**run | {"size": "e4"})).endswith("e4/it500/seed0/segments/500.json")


def test_runs_that_train_most_begin_first(make_study: Any) -> None:
    study = make_study()
    priority = RunInputs(study, "no/such/results").priority
    runs = sorted(study.runs(), key=lambda run: priority(wildcards(**vars(run))))
    amounts = [study.sizes[run.size].n_nonembedding * study.schedules[run.schedule].tokens for run in runs]
    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[-1]


@pytest.fixture
def branched(make_study: Any) -> RunInputs:
    """Return a trunk of 500 steps with a branch that leaves it after step 300 and ends at 400."""

    def change(config: dict[str, Any]) -> None:
        trunk = config["schedules"]["it500"] | {"decay": "constant"}
        config["schedules"]["trunk"] = trunk
        branch = {"steps": 400, "decay": "linear", "branch_of": "trunk", "branch_step": 300}
        config["schedules"]["branch"] = trunk | branch
        config["execution"] = {"segment_steps": {"e3": 200}}

    return RunInputs(make_study(change), "no/such/results")


def test_a_trunk_ends_a_segment_where_a_branch_leaves_it(branched: RunInputs) -> None:
    run = branched.run(wildcards(mix="en", size="e3", schedule="trunk", seed="0"))
    assert branched.segment_ends(run) == [200, 300, 500]


def test_a_branch_follows_its_trunk(branched: RunInputs) -> None:
    run = {"mix": "en", "size": "e3", "schedule": "branch", "seed": "0"}
    trunk = "<results>/runs/en/e3/trunk/seed0"
    assert branched.segment_ends(branched.run(wildcards(**run))) == [400]
    assert branched.previous_segment(wildcards(end_step="400", **run)) == [f"{trunk}/segments/300.json"]
    assert branched.trunk_spec(wildcards(**run)) == [f"{trunk}/spec.json"]
    assert branched.blend("blend.npy")(wildcards(**run)) == "<results>/orders/en/trunk/seed0/blend.npy"


def test_a_job_asks_for_the_nodes_gpus_and_time_of_its_size(make_study: Any) -> None:
    def change(config: dict[str, Any]) -> None:
        site = {"queues": {"regular-a": {"walltime_h": 48}}}
        placement = {"nodes": 4, "gpus_per_node": 8, "queue": "regular-a"}
        config["execution"] = {"site": site, "placements": {"e3": placement}}

    inputs = RunInputs(make_study(change), "no/such/results")
    placed, other = wildcards(size="e3"), wildcards(size="e4")
    assert (inputs.nodes(placed), inputs.gpus(placed), inputs.runtime_min(placed)) == (4, 32, 2880)
    assert (inputs.nodes(other), inputs.gpus(other), inputs.runtime_min(other)) == (1, 0, None)
    assert (inputs.queue(placed), inputs.queue(other)) == ("regular-a", None)


def test_a_job_asks_for_its_queue_by_the_name_that_the_site_knows(make_study: Any) -> None:
    def change(config: dict[str, Any]) -> None:
        site = {"queues": {"regular-a-wide": {"walltime_h": 24, "asked_as": "regular-a"}}}
        config["execution"] = {"site": site, "placements": {"e3": {"gpus_per_node": 8, "queue": "regular-a-wide"}}}

    inputs = RunInputs(make_study(change), "no/such/results")
    assert (inputs.queue(wildcards(size="e3")), inputs.runtime_min(wildcards(size="e3"))) == ("regular-a", 24 * 60)


def test_shared_gpus_change_place_and_segments_of_their_sizes_alone(make_study: Any) -> None:
    def change(config: dict[str, Any], share: bool) -> None:
        queues = {"node": {"walltime_h": 48}, "share": {"walltime_h": 2}}
        node, single = {"gpus_per_node": 8, "queue": "node"}, {"gpus_per_node": 1, "queue": "share"}
        shared = {"placements": {"e3": single}, "segment_steps": {"e3": 100}}
        config["execution"] = {"site": {"queues": queues}, "placements": {"e3": node, "e4": node}, "shared": shared}
        config["execution"] |= {"segment_steps": {"e3": 500, "e4": 250}, "share_gpus": share}

    def asked(share: bool, size: str) -> tuple[str | None, int, int | None, int]:
        inputs = RunInputs(make_study(lambda config: change(config, share)), "no/such/results")
        job = wildcards(mix="en", size=size, schedule="it500", seed="0")
        ends = inputs.segment_ends(inputs.run(job))
        return inputs.queue(job), inputs.gpus(job), inputs.runtime_min(job), len(ends)

    assert asked(share=False, size="e3") == ("node", 8, 2880, 1)
    assert asked(share=True, size="e3") == ("share", 1, 120, 5)
    assert asked(share=True, size="e4") == asked(share=False, size="e4") == ("node", 8, 2880, 2)
