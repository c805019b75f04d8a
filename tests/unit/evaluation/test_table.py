"""losses.csv: its columns, its order and its bytes."""

from pathlib import Path
from typing import Any

import pytest

from tenbin.errors import UserError
from tenbin.evaluation.table import collect_losses
from tenbin.files import read_json, seal_of, verify_file, write_json

ROW: dict[str, Any] = {
    "recipe": 1, "mix": "en", "size": "e3", "schedule": "s10", "seed": 0, "valid": "en", "lang": "en",
    "in_domain": True, "engine": "torch", "vocab": 128, "seq_len": 8, "lr": 9.7e-05, "n_nonembedding": 3312,
    "n_total": 7408, "steps": 10, "tokens": 160, "tokens_per_corpus": {"english": 160}, "flops": 5038080,
    "loss_nats_per_token": 1 / 3, "loss_stderr": None, "bits_per_byte": 0.1, "bits_per_char": 0.2,
    "eval_tokens": 39, "eval_documents": 1, "eval_bytes": 36, "eval_chars": 36,
}  # fmt: skip
HEADER = (
    "mix,size,schedule,seed,valid,lang,in_domain,engine,vocab,seq_len,lr,n_nonembedding,n_total,steps,tokens,"
    "tokens_english,tokens_japanese,flops,loss_nats_per_token,loss_stderr,bits_per_byte,bits_per_char,eval_tokens,"
    "eval_documents,eval_bytes,eval_chars"
)


def write_rows(folder: Path, *changes: dict[str, Any]) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(changes))]
    for path, change in zip(paths, changes, strict=True):
        write_json(path, ROW | change)
    return paths


def test_rows_are_sorted_by_what_they_are(tmp_path: Path) -> None:
    bilingual = {"mix": "enja", "tokens_per_corpus": {"english": 80, "japanese": 80}}
    larger = {"size": "e10", "n_nonembedding": 12768}
    paths = write_rows(tmp_path, bilingual, larger, {"seed": 10}, {"seed": 2}, {"valid": "ja"}, {})
    collect_losses(paths, tmp_path / "losses.csv", tmp_path / "losses.json")
    content = (tmp_path / "losses.csv").read_bytes().decode()
    lines = content.splitlines()
    assert lines[0] == HEADER
    cells = [line.split(",") for line in lines[1:]]
    assert [[row[0], row[1], row[3], row[4]] for row in cells] == [
        ["en", "e3", "0", "en"],
        ["en", "e3", "0", "ja"],
        ["en", "e3", "2", "en"],
        ["en", "e3", "10", "en"],
        ["en", "e10", "0", "en"],
        ["enja", "e3", "0", "en"],
    ]
    assert "\r" not in content
    assert content.endswith("\n")
    collect_losses(paths[::-1], tmp_path / "again.csv", tmp_path / "again.json")
    assert (tmp_path / "again.csv").read_bytes().decode() == content


def test_numbers_come_back_exactly_and_absence_is_empty(tmp_path: Path) -> None:
    collect_losses(write_rows(tmp_path, {}), tmp_path / "losses.csv", tmp_path / "losses.json")
    header, line = (tmp_path / "losses.csv").read_text().splitlines()
    row = dict(zip(header.split(","), line.split(","), strict=True))
    assert float(row["loss_nats_per_token"]) == 1 / 3
    assert row["lr"] == "9.7e-05"
    assert row["loss_stderr"] == ""
    assert row["in_domain"] == "true"


def test_a_corpus_that_a_run_did_not_see_counts_0(tmp_path: Path) -> None:
    paths = write_rows(tmp_path, {}, {"mix": "ja", "tokens_per_corpus": {"japanese": 160}})
    collect_losses(paths, tmp_path / "losses.csv", tmp_path / "losses.json")
    seen = [line.split(",")[15:17] for line in (tmp_path / "losses.csv").read_text().splitlines()]
    assert seen == [["tokens_english", "tokens_japanese"], ["160", "0"], ["0", "160"]]


def test_the_record_names_table_and_seals(tmp_path: Path) -> None:
    paths = write_rows(tmp_path, {"mix": "ja"}, {"mix": "en"})
    collect_losses(paths, tmp_path / "losses.csv", tmp_path / "losses.json")
    record = read_json(tmp_path / "losses.json")
    verify_file(tmp_path / "losses.csv", record["files"]["table"])
    assert record["losses"] == [seal_of(paths[1]), seal_of(paths[0])]


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="same run and validation set"):
        collect_losses(write_rows(tmp_path, {}, {}), tmp_path / "losses.csv", tmp_path / "losses.json")
    assert not (tmp_path / "losses.csv").exists()
