"""Small corpora and orders, written by the same functions as the stages."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tenbin.mixing.blend import BlendSettings, blend_corpora
from tenbin.mixing.order import OrderSettings, order_corpus
from tenbin.tokens.mmap import open_index, pair_paths, write_index
from tenbin.tokens.records import TextCounts, record_pair, write_pair_record

WriteCorpus = Callable[[Path, Sequence[Sequence[int]]], Path]
WriteOrders = Callable[..., Path]


@pytest.fixture
def write_corpus() -> WriteCorpus:
    """Write documents of ids as a pair with its record; return the record."""

    def write(prefix: Path, documents: Sequence[Sequence[int]]) -> Path:
        bin_path, idx_path = pair_paths(prefix)
        prefix.parent.mkdir(parents=True, exist_ok=True)
        tokens = np.array([number for document in documents for number in document], np.uint16)
        tokens.tofile(bin_path)
        write_index(idx_path, np.uint16, [np.array([len(document) for document in documents], np.int32)])
        return write_record(prefix)

    return write


def write_record(prefix: Path) -> Path:
    bin_path, idx_path = pair_paths(prefix)
    index = open_index(idx_path)
    record = prefix.with_name(prefix.name + ".json")
    counts = TextCounts(tokens=index.count_tokens(), documents=index.num_documents)
    write_pair_record(
        record,
        record_pair(bin_path, idx_path),
        counts=counts,
        dtype=index.dtype,
        tokenizer_sha256="0" * 64,
        documents_records=[],
    )
    return record


@pytest.fixture
def write_orders(tmp_path: Path) -> WriteOrders:
    """Write the orders and the blend of token pairs with weights; return their folder."""

    def write(
        pairs: dict[str, Path], weights: dict[str, float], samples: int, sequence_length: int, seed: int = 1234
    ) -> Path:
        orders = tmp_path / "orders"
        total = sum(weights.values())
        for corpus, prefix in pairs.items():
            folder = orders / corpus
            settings = OrderSettings(
                samples=samples, weight=weights[corpus] / total, sequence_length=sequence_length, seed=seed
            )
            order_corpus(
                settings,
                write_record_once(prefix, tmp_path),
                pair_paths(prefix)[1],
                doc_path=folder / "doc_idx.npy",
                sample_path=folder / "sample_idx.npy",
                shuffle_path=folder / "shuffle_idx.npy",
                record_path=folder / "index.json",
            )
        # Not validated: GPT-NeoX's weights need not sum to 1.
        settings = BlendSettings.model_construct(samples=samples, weights=weights)
        records = {corpus: orders / corpus / "index.json" for corpus in pairs}
        blend_corpora(settings, records, orders / "blend.npy", orders / "blend.json")
        return orders

    return write


def write_record_once(prefix: Path, tmp_path: Path) -> Path:
    """Return the record of a pair; recorded pairs, which may lie in a read-only folder, get theirs elsewhere."""
    beside = prefix.with_name(prefix.name + ".json")
    if beside.is_file():
        return beside
    bin_path, idx_path = pair_paths(prefix)
    linked = tmp_path / "pairs" / prefix.name
    linked.parent.mkdir(exist_ok=True)
    for target, link in zip((bin_path, idx_path), pair_paths(linked), strict=True):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return write_record(linked)
