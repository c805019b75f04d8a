"""Losses by document and script, held against a count character by character."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.errors import UserError
from tenbin.evaluation import documents
from tenbin.evaluation.documents import read_document_totals, tabulate_documents, write_documents
from tenbin.evaluation.scripts_of_text import SCRIPTS, scripts_of_code_points

# One token a byte, and one for each of some pieces; `猫` is also split over byte tokens.
PIECES = [b"", *(bytes([byte]) for byte in range(256)), "猫".encode(), b" the", "、Cat".encode(), "ね".encode()[:2]]
END_OF_TEXT = 0


def script_of(character: str) -> str:
    return SCRIPTS[scripts_of_code_points(np.array([ord(character)], np.int32))[0]]


def encode(text: str) -> list[int]:
    pieces = {"猫": 257, "the": 32 + 1}
    if text in pieces:
        return [pieces[text]]
    return [byte + 1 for byte in text.encode()]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(alphabet="aé Z3、猫ね😀", min_size=1, max_size=8), min_size=1, max_size=5),
    block=st.integers(1, 20),
)
def test_rows_are_those_of_a_count_by_hand(texts: list[str], block: int) -> None:
    stream, lengths = [], []
    expected: dict[str, Counter[tuple[int, str]]] = {name: Counter() for name in documents.COUNTS}
    for number, text in enumerate(texts):
        tokens = [(token, script_of(c)) for c in text for token in encode(c)] + [(END_OF_TEXT, "end")]
        for character in text:
            expected["characters"][number, script_of(character)] += 1
            expected["bytes"][number, script_of(character)] += len(character.encode())
        for token, script in tokens:
            if stream:
                expected["targets"][number, script] += 1
                expected["nats"][number, script] += len(stream) / 8
            stream.append(token)
        lengths.append(len(tokens))
    nats = np.arange(1, len(stream)) / 8

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "TOKENS_PER_BLOCK", block)
        table = tabulate_documents(np.array(stream, np.uint16), np.array(lengths), nats, PIECES)

    rows = table.to_pylist()
    for name, counts in expected.items():
        assert {(row["document"], row["script"]): row[name] for row in rows if row[name]} == +counts
    assert [row["document"] for row in rows] == sorted(row["document"] for row in rows)


def test_a_token_of_several_scripts_belongs_to_the_strongest() -> None:
    stream = np.array([1, 259, 258, 0], np.uint16)
    table = tabulate_documents(stream, np.array([4]), np.array([1.0, 2.0, 4.0]), PIECES)
    by_script = {row["script"]: row for row in table.to_pylist()}
    assert by_script["latin"]["nats"] == 3.0
    assert by_script["latin"]["bytes"] == 6
    assert by_script["other"] == {
        "document": 0, "script": "other", "targets": 0, "nats": 0.0, "bytes": 1 + 3 + 1, "characters": 3,
    }  # fmt: skip
    assert by_script["end"]["targets"] == 1


def test_totals_come_back_from_the_file(tmp_path: Path) -> None:
    stream = np.array([98, 99, 0, 257, 0], np.uint16)
    table = tabulate_documents(stream, np.array([3, 2]), np.array([0.5, 1.0, 2.0, 4.0]), PIECES)
    write_documents(tmp_path / "en.documents.parquet", table)
    totals = read_document_totals(tmp_path / "en.documents.parquet")
    assert totals.targets.tolist() == [2, 2]
    assert totals.nats.tolist() == [1.5, 6.0]


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "en.documents.parquet"
    path.write_bytes(b"no table")
    with pytest.raises(UserError, match=r"en\.documents\.parquet is no table"):
        read_document_totals(path)
