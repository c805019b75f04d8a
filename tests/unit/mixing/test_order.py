"""The order of samples, against GPT-NeoX's recorded maps and against its law taken token by token."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.mixing.order import (
    OrderSettings,
    build_order,
    build_sample_index,
    count_epochs,
    count_samples_asked,
    order_corpus,
)
from tenbin.tokens.mmap import open_index

RUNS = ("A1", "A2", "A3", "A4", "A5")


@pytest.mark.golden
@pytest.mark.parametrize("run", RUNS)
def test_index_maps_equal_those_of_gpt_neox_byte_for_byte(shared_data: Path, run: str) -> None:
    golden = shared_data / "neox_golden"
    maps = sorted((golden / "runs" / run / "index_maps").glob("*_doc_idx.npy"))
    assert maps
    for doc_map in maps:
        prefix, parameters = doc_map.name.split("_indexmap_")
        corpus = prefix.rsplit("_", 2)[0]
        asked, length, seed = (int(part.rstrip("nsl")) for part in parameters.split("_")[:3])
        sizes = open_index(golden / "tokens" / "bpe4096" / f"{corpus}.idx").sizes
        epochs = count_epochs(int(sizes.sum()), length, asked)
        order = build_order(sizes, length, epochs, seed)
        for name, array in (("doc", order.doc_index), ("sample", order.sample_index), ("shuffle", order.shuffle_index)):
            recorded = doc_map.with_name(doc_map.name.replace("_doc_idx", f"_{name}_idx"))
            assert npy_bytes(array) == recorded.read_bytes(), recorded.name


def npy_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def test_samples_asked_of_a_corpus_are_those_of_the_recorded_runs() -> None:
    asked = [count_samples_asked(480, weight) for weight in (0.5, 1.0, 0.25, 0.75, 3 / 5, 2 / 5)]
    assert asked == [242, 483, 121, 362, 290, 193]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 40), st.integers(1, 300))
def test_epochs_are_the_fewest_that_hold_the_samples(tokens: int, length: int, samples: int) -> None:
    epochs = count_epochs(tokens, length, samples)
    assert (epochs * tokens - 1) // length >= samples
    assert epochs == 1 or ((epochs - 1) * tokens - 1) // length < samples


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=20).filter(lambda sizes: sum(sizes) > 8),
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
)
def test_samples_start_where_the_law_taken_token_by_token_puts_them(
    sizes: list[int], length: int, epochs: int, seed: int
) -> None:
    order = build_order(np.array(sizes, np.int32), length, epochs, seed)
    assert order.sample_index.tolist() == walk_token_by_token(sizes, order.doc_index.tolist(), length)
    assert sorted(order.doc_index.tolist()) == sorted(list(range(len(sizes))) * epochs)
    assert sorted(order.shuffle_index.tolist()) == list(range(len(order.sample_index) - 1))


def walk_token_by_token(sizes: list[int], doc_index: list[int], length: int) -> list[list[int]]:
    stream = [[place, offset] for place, document in enumerate(doc_index) for offset in range(sizes[document])]
    samples = (len(stream) - 1) // length
    return [[0, 0], *(stream[sample * length] for sample in range(1, samples + 1))]


def test_sample_index_does_not_depend_on_how_documents_are_chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.RandomState(0)
    sizes = generator.randint(0, 30, 500).astype(np.int32)
    doc_index = np.tile(np.arange(500, dtype=np.int32), 3)
    whole = build_sample_index(sizes, doc_index, 16)
    monkeypatch.setattr("tenbin.mixing.order.CHUNK_DOCUMENTS", 7)
    assert np.array_equal(build_sample_index(sizes, doc_index, 16), whole)


def test_equal_epochs_give_a_corpus_the_same_order_whatever_its_weight(tmp_path: Path, write_corpus) -> None:
    record = write_corpus(tmp_path / "en", [[5] * 50] * 40)
    orders = {}
    for name, weight in (("mono", 1.0), ("mix", 0.5)):
        orders[name] = order_into(tmp_path / name, record, weight=weight)
    assert orders["mono"]["samples_asked"] != orders["mix"]["samples_asked"]
    assert orders["mono"]["files"] == orders["mix"]["files"]
    assert orders["mono"]["epochs"] == orders["mix"]["epochs"] == 1


def test_a_corpus_shorter_than_one_sample_is_refused(tmp_path: Path, write_corpus) -> None:
    record = write_corpus(tmp_path / "en", [[5] * 8, [6] * 8])
    with pytest.raises(UserError, match=r"en has 16 tokens, fewer than one sample of 16 \+ 1"):
        order_into(tmp_path / "orders", record)
    assert not (tmp_path / "orders").exists()


def order_into(folder: Path, record: Path, weight: float = 1.0) -> dict:
    settings = OrderSettings(samples=50, weight=weight, sequence_length=16, seed=3)
    order_corpus(
        settings,
        record,
        record.with_suffix(".idx"),
        doc_path=folder / "doc_idx.npy",
        sample_path=folder / "sample_idx.npy",
        shuffle_path=folder / "shuffle_idx.npy",
        record_path=folder / "index.json",
    )
    return read_json(folder / "index.json")
