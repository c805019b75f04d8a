"""What a step reads, against every sample that GPT-NeoX recorded and against a plain stream of tokens."""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tenbin.errors import UserError
from tenbin.files import read_json, write_json
from tenbin.mixing.samples import BlendedSamples

RUNS = ("A1", "A2", "A3", "A4", "A5")
BATCH, LENGTH = 8, 256


@pytest.mark.golden
@pytest.mark.parametrize("run", RUNS)
def test_every_recorded_sample_is_read_to_the_token(shared_data: Path, write_orders, run: str) -> None:
    golden = shared_data / "neox_golden"
    config = json.loads(re.sub(r"1\.0e-8", "1e-8", (golden / "runs" / run / "run.yml").read_text()))
    intervals = config["train_iters"] // config["eval_interval"] + 1
    samples_of = {
        "train": config["train_iters"] * BATCH,
        "valid": intervals * config["eval_iters"] * BATCH,
        "test": config["eval_iters"] * BATCH,
    }
    with (golden / "runs" / run / "order.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for name, samples in samples_of.items():
        paths = [golden / path for path in config[f"{name}_data_paths"]]
        prefixes = {f"c{number}": path for number, path in enumerate(paths)}
        weights = dict(zip(prefixes, config.get(f"{name}_data_weights", [1.0]), strict=True))
        blended = BlendedSamples(write_orders(prefixes, weights, samples, LENGTH), prefixes, LENGTH, BATCH)
        recorded = [row for row in rows if row["set"] == name]
        assert recorded
        assert list(read_like_the_recording(blended, len(recorded))) == [as_recorded(row) for row in recorded]


def as_recorded(row: dict[str, str]) -> tuple[object, ...]:
    numbers = ("position", "corpus", "k", "sample", "document", "offset")
    return (*(int(row[name]) for name in numbers), row["sha256_16"])


def read_like_the_recording(blended: BlendedSamples, samples: int) -> Iterator[tuple[object, ...]]:
    for step in range(samples // BATCH):
        batch = blended.batch(step)
        for place, tokens in zip(blended.places(step), batch, strict=True):
            pieces = blended.corpus_samples(place.corpus).pieces(place.k)
            digest = hashlib.sha256(tokens.astype("<u2").tobytes()).hexdigest()[:16]
            start = int(pieces.documents[0]), int(pieces.first[0])
            yield place.position, place.corpus, place.k, pieces.sample, *start, digest


@pytest.fixture
def short_documents(tmp_path: Path, write_corpus) -> dict[str, Path]:
    """Write two corpora of documents of 1 to 30 tokens."""
    generator = np.random.RandomState(7)
    for corpus in ("en", "ja"):
        documents = [generator.randint(1, 4000, size).tolist() for size in generator.randint(1, 30, 300)]
        write_corpus(tmp_path / corpus, documents)
    return {corpus: tmp_path / corpus for corpus in ("en", "ja")}


def test_batches_are_the_corpus_streams_cut_in_shuffled_order(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.25, "ja": 0.75}, 80, 32)
    blended = BlendedSamples(orders, short_documents, 32, 8)
    taken = dict.fromkeys(short_documents, 0)
    blend = np.load(orders / "blend.npy")
    for step in range(blended.steps):
        for row, choice in zip(blended.batch(step), blend[step * 8 : step * 8 + 8], strict=True):
            corpus = blended.corpora[choice]
            sample = int(np.load(orders / corpus / "shuffle_idx.npy")[taken[corpus]])
            stream = read_stream(short_documents[corpus], np.load(orders / corpus / "doc_idx.npy"))
            assert row.tolist() == stream[sample * 32 : sample * 32 + 33].tolist()
            taken[corpus] += 1
        assert blended.tokens_per_corpus(step + 1) == {name: count * 32 for name, count in taken.items()}
    assert taken == {"en": 20, "ja": 60}


def read_stream(prefix: Path, doc_index: np.ndarray) -> np.ndarray:
    tokens = np.fromfile(f"{prefix}.bin", np.uint16)
    header = 34
    documents = int.from_bytes(Path(f"{prefix}.idx").read_bytes()[18:26], "little")
    sizes = np.fromfile(f"{prefix}.idx", np.int32, documents, offset=header)
    parts = np.split(tokens, np.cumsum(sizes)[:-1])
    return np.concatenate([parts[document] for document in doc_index])


def test_batches_come_out_the_same_in_any_order_of_asking(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.4, "ja": 0.6}, 64, 32)
    forward = BlendedSamples(orders, short_documents, 32, 8)
    batches = [forward.batch(step) for step in range(8)]
    backward = BlendedSamples(orders, short_documents, 32, 8)
    assert all(np.array_equal(backward.batch(step), batches[step]) for step in reversed(range(8)))


def test_an_order_never_starts_over(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.5, "ja": 0.5}, 16, 32)
    blended = BlendedSamples(orders, short_documents, 32, 8)
    assert blended.steps == 2
    with pytest.raises(IndexError):
        blended.batch(2)
    with pytest.raises(IndexError):
        blended.tokens_per_corpus(3)


def test_tokens_that_are_not_those_of_the_order_are_refused(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.5, "ja": 0.5}, 16, 32)
    path = Path(f"{short_documents['ja']}.bin")
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"ja\.bin is damaged"):
        BlendedSamples(orders, short_documents, 32, 8)


def test_an_order_of_another_sequence_length_is_refused(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.5, "ja": 0.5}, 16, 32)
    with pytest.raises(UserError, match="made for sequence_length 32, not 64"):
        BlendedSamples(orders, short_documents, 64, 8)


def test_a_blend_of_other_corpora_is_refused(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.5, "ja": 0.5}, 16, 32)
    with pytest.raises(UserError, match=r"blends \['en', 'ja'\], but tokens are given for \['en'\]"):
        BlendedSamples(orders, {"en": short_documents["en"]}, 32, 8)


def test_no_pickle_is_read(short_documents, write_orders) -> None:
    orders = write_orders(short_documents, {"en": 0.5, "ja": 0.5}, 16, 32)
    np.save(orders / "blend.npy", np.array([{}], object), allow_pickle=True)
    record = read_json(orders / "blend.json")
    content = (orders / "blend.npy").read_bytes()
    record["files"]["blend"] |= {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    write_json(orders / "blend.json", record)
    with pytest.raises(ValueError, match="Python objects"):
        BlendedSamples(orders, short_documents, 32, 8)
