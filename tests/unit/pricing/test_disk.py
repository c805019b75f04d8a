"""How much disk a study needs at its worst."""

from pathlib import Path

import numpy as np
import pytest
from priced import Config, MakeStudy, lay_out_tokens

from tenbin.errors import UserError
from tenbin.files import write_json
from tenbin.mixing.order import build_order, count_epochs, count_samples_asked
from tenbin.pricing.counts import results_folder
from tenbin.pricing.disk import (
    DiskItem,
    DiskNeed,
    check_disk,
    checkpoint_bytes,
    estimate_disk,
    order_bytes,
    token_bytes,
)
from tenbin.study.model import Study


def sizes(study: Study) -> dict[str, int | None]:
    return {item.what: item.size_bytes for item in estimate_disk(study).items}


def test_the_window_bounds_raw_files_and_documents(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["execution"].update(download_window=4))
    found = sizes(study)
    assert found["files of mc4ja (train), 4 of 1024"] == 4 * 430_000_000
    assert found["documents of mc4ja (train), 4 of 1024 shards"] == 4 * 430_000_000
    assert found["files of pile (train), 4 of 30"] == 4 * 11_160_000_000
    smaller = estimate_disk(make_study(lambda config: config["execution"].update(download_window=1))).peak
    assert smaller < estimate_disk(study).peak


def test_without_a_window_all_files_lie_there_and_kept_documents_stay(make_study: MakeStudy) -> None:
    def keep(config: Config) -> None:
        config["execution"] |= {"download_window": None, "discard_documents": False, "disk_budget_gb": None}

    items = {item.what: item for item in estimate_disk(make_study(keep)).items}
    assert items["files of mc4ja (train), 1024 of 1024"].temporary
    documents = items["documents of mc4ja (train), 1024 of 1024 shards"]
    assert (documents.size_bytes, documents.temporary) == (1024 * 430_000_000, False)


def test_documents_that_a_tokenizer_is_trained_on_all_lie_there_at_once(make_study: MakeStudy) -> None:
    def train(config: Config) -> None:
        config["tokenizers"]["bpe4096"]["corpora"] = ["pile", "mc4ja"]
        config["study"]["tokenizer"] = "bpe4096"

    assert "documents of mc4ja (train), 1024 of 1024 shards" in sizes(make_study(train))


def test_tokens_take_two_bytes_and_their_index_twenty_a_document(make_study: MakeStudy) -> None:
    study = make_study()
    lay_out_tokens(study, "mc4ja", 2_000_000)
    assert token_bytes(study, "mc4ja", "train") == 2 * 2_000_000 + 20 * 1000
    names = sizes(study)
    assert not any(name.startswith(("files of mc4ja (train)", "documents of mc4ja (train)")) for name in names)


def test_orders_are_as_large_as_the_maps_that_are_built(make_study: MakeStudy) -> None:
    def shorten(config: Config) -> None:
        config["schedules"]["it200k"] |= {"steps": 100, "batch_size": 8, "sequence_length": 32}

    study = make_study(shorten)
    documents = np.full(50, 100, np.int32)
    expected = 800  # the blend, a byte a sample
    for corpus in ("pile", "mc4ja"):
        lay_out_record(study, corpus, tokens=5000, documents=50)
        asked = count_samples_asked(800, 0.5)
        order = build_order(documents, 32, count_epochs(5000, 32, asked), seed=0)
        expected += order.doc_index.nbytes + order.sample_index.nbytes + order.shuffle_index.nbytes
    assert order_bytes(study, "pilemc4ja", "it200k") == pytest.approx(expected, abs=16)


def lay_out_record(study: Study, corpus: str, tokens: int, documents: int) -> None:
    path = results_folder(study) / "tokens" / "neox20b" / corpus / "train.json"
    write_json(path, {"tokens": tokens, "documents": documents})


def test_checkpoints_hold_weights_and_moments_of_the_newest_and_of_segment_ends(make_study: MakeStudy) -> None:
    def torch(config: Config) -> None:
        config["study"] |= {"engine": "torch", "numerics": "bf16"}
        config["study"]["blocks"] = [{"mixes": ["pile"], "sizes": ["e8"], "schedule": "it100k"}]

    assert checkpoint_bytes(make_study(), "e8") == 14 * 405_334_016, "GPT-NeoX's hold 16-bit weights too"
    study = make_study(torch)
    assert checkpoint_bytes(study, "e8") == 12 * 405_334_016
    found = sizes(study)
    assert found["checkpoints"] == (2 + 2) * 12 * 405_334_016, "two segments of 50,000 steps"
    assert found["trained models"] == found["initial weights"] == 4 * 405_334_016


def test_initial_weights_are_shared_by_mixes_and_schedules(make_study: MakeStudy) -> None:
    totals = [1_613_040, 3_232_224, 6_539_008, 28_125_440, 70_426_624, 405_334_016]
    found = sizes(make_study())
    assert found["initial weights"] == 4 * sum(totals)
    assert found["trained models"] == 3 * 4 * sum(totals)


def test_tokens_of_the_hub_are_joined_slice_by_slice_and_the_users_own_are_linked(make_study: MakeStudy) -> None:
    def given(config: Config) -> None:
        pile = config["corpora"]["pile"]
        common = {key: pile[key] for key in ("language", "source", "licence")} | {"tokenizer": "neox20b"}
        hub = {key: pile[key] for key in ("repository", "revision", "expected_tokens")}
        config["corpora"]["pile"] = (
            common | hub | {"kind": "hub_tokens", "parts": ["p{00..65}.bin"], "index": "p.idx", "file_bytes": 5 * 10**9}
        )
        config["corpora"]["mc4ja"] = common | {"kind": "tokens", "language": "ja", "train": "ja", "valid": "ja"}

    found = sizes(make_study(given))
    assert found["one slice of pile while it is joined"] == 5 * 10**9
    assert not any("mc4ja (" in name for name in found)
    assert not any(name.startswith("files of pile (") for name in found)


def test_the_users_own_files_are_not_counted_but_what_is_made_of_them_is(make_study: MakeStudy, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"x" * 700)
    (tmp_path / "b.jsonl").write_bytes(b"x" * 300)

    def own(config: Config) -> None:
        keys = ("language", "source", "licence")
        pile = {key: config["corpora"]["pile"][key] for key in keys}
        config["corpora"]["pile"] = pile | {"kind": "files", "train": ["*.jsonl"], "valid_share": 0.1}
        config["execution"] |= {"discard_documents": False}

    found = sizes(make_study(own))
    assert found["documents of pile (train), 2 of 2 shards"] == 1000
    assert not any(name.startswith("files of pile (") for name in found)


def test_splits_of_the_same_files_share_them(make_study: MakeStudy) -> None:
    def share(config: Config) -> None:
        config["corpora"]["mc4ja"] |= {"valid": [], "valid_share": 0.001}

    assert [name for name in sizes(make_study(share)) if name.startswith("files of mc4ja")] == [
        "files of mc4ja (train), 32 of 1024"
    ]

    def validate_only(config: Config) -> None:
        share(config)
        config["study"]["blocks"] = [{"mixes": ["pile"], "sizes": ["e3"], "schedule": "it100k"}]

    assert "files of mc4ja (valid), 32 of 1024" in sizes(make_study(validate_only))


def test_what_is_not_known_is_named_and_left_out(make_study: MakeStudy) -> None:
    study = make_study(lambda config: config["corpora"]["pile"].update(file_bytes=None, expected_tokens={}))
    need = estimate_disk(study)
    assert "tokens of pile (train)" in need.unknown
    assert "files of pile (train), 30 of 30" in need.unknown
    assert need.peak == sum(item.size_bytes or 0 for item in need.items)


def test_lasting_is_what_stays_and_the_peak_is_all() -> None:
    need = DiskNeed((DiskItem("a", 5), DiskItem("b", 7, temporary=True), DiskItem("c", None)))
    assert (need.lasting, need.peak, need.unknown) == (5, 12, ["c"])


def test_a_study_over_its_disk_budget_is_refused_with_both_numbers_and_advice(make_study: MakeStudy) -> None:
    check_disk(make_study())
    with pytest.raises(UserError) as caught:
        check_disk(make_study(lambda config: config["execution"].update(disk_budget_gb=500)))
    message = str(caught.value)
    for words in ("execution.disk_budget_gb is 500", "tokens of mc4ja (train) 634 GB", "smaller from 32"):
        assert words in message
    assert "discard_documents" not in message, "it is set already"
    check_disk(make_study(lambda config: config["execution"].update(disk_budget_gb=None)))
