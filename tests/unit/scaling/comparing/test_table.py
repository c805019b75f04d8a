"""Mono against mix: ratios, intervals, effective parameters, and sentences that claim no more."""

import csv
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenbin.errors import UserError
from tenbin.files import canonical_json, read_json, verify_file
from tenbin.scaling.comparing.table import compare_mixes
from tenbin.study.comparisons import Comparison

Writer = Callable[..., Any]
COMPARISON = Comparison(
    language="en",
    mono_mix="en",
    mono_schedule="s100",
    mix="enja",
    mix_schedule="s100",
    at="equal steps",
    mix_share=0.5,
)
MARGIN = 0.005


def law(n: float) -> float:
    return float(2.0 + 12 * n**-0.25)


def compare(table: Any, folder: Path, *, documents: bool = True) -> dict[str, Any]:
    out, record = folder / "comparison.csv", folder / "comparison.json"
    given = table.documents if documents else []
    compare_mixes(
        table.csv, table.record, comparisons=[COMPARISON], margin=MARGIN, documents=given, table=out, record=record
    )
    content = read_json(record)
    verify_file(out, content["files"]["table"])
    result: dict[str, Any] = content["comparisons"][0]
    return result


def test_a_constant_ratio_is_found_and_lies_in_its_interval(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": lambda n: 1.02 * law(n)}, seeds=3, seed_noise=0.0005)
    result = compare(table, tmp_path)
    assert len(result["rows"]) == 5
    for row in result["rows"]:
        assert row["loss_ratio"] == pytest.approx(1.02, abs=0.002)
        assert row["loss_ratio_low"] < row["loss_ratio"] < row["loss_ratio_high"]
        assert row["verdict"] == "mix worse"
        assert row["difference_nats_per_token"] == pytest.approx(0.02 * law(row["n_nonembedding"]), rel=0.15)
        assert row["difference_bits_per_byte"] == pytest.approx(row["difference_nats_per_token"] / 0.6931472 / 3)
    percent = f"{100 * (result['rows'][-1]['loss_ratio'] - 1):.2f} % higher"
    assert f"at 6,318,592 parameters without embeddings the mix's loss is {percent}" in result["sentence"]
    assert "% higher; 3 seeds)" in result["sentence"]
    assert "mix worse at 5" in result["sentence"]
    assert "at all sizes is refuted: it is shown at 0 of 5 sizes, and at 5 the difference" in result["sentence"]


def test_the_sentence_names_what_was_equal(write_table: Writer, tmp_path: Path) -> None:
    sentence = compare(write_table({"en": law, "enja": law}), tmp_path)["sentence"]
    assert sentence.startswith(
        "English, validation set en: 100 steps of en alone against 100 steps of enja, equal in compute (equal steps): "
    )


def test_an_interval_with_no_difference_is_no_equality(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": law}, seeds=3, seed_noise=0.004)
    result = compare(table, tmp_path)
    largest = result["rows"][-1]
    assert largest["loss_ratio_low"] < 1 < largest["loss_ratio_high"]
    assert largest["verdict"] == "undecided"
    assert "which does not show that there is none" in result["sentence"]
    assert "Equivalence within 0.5 % of the loss at all sizes is not shown" in result["sentence"]
    assert "equal to" not in result["sentence"]
    assert "the same" not in result["sentence"]


def test_equivalence_is_shown_where_noise_is_small_and_the_margin_wide(write_table: Writer, tmp_path: Path) -> None:
    result = compare(write_table({"en": law, "enja": law}, seeds=3, seed_noise=0.0003), tmp_path)
    assert result["equivalence"]["verdict"] == "equivalent"
    assert {row["equivalence"] for row in result["rows"]} == {"equivalent"}
    assert "Equivalence within 0.5 % of the loss is shown at all sizes" in result["sentence"]


def test_one_seed_is_not_tested_and_the_sentence_says_why(write_table: Writer, tmp_path: Path) -> None:
    result = compare(write_table({"en": law, "enja": law}, seeds=1), tmp_path)
    assert result["equivalence"]["verdict"] == "untested"
    assert {row["noise"] for row in result["rows"]} == {"documents"}
    assert "is not tested: that needs two seeds at every size" in result["sentence"]
    assert "hold no noise of seeds" in result["sentence"]


def test_intervals_are_no_narrower_than_the_noise_of_seeds_alone(write_table: Writer, tmp_path: Path) -> None:
    result = compare(write_table({"en": law, "enja": law}, seeds=2, seed_noise=0.002), tmp_path)
    for row in result["rows"]:
        assert row["noise"] == "seeds and documents"
        assert row["loss_ratio_high"] / row["loss_ratio"] > math.exp(1.96 * row["seed_sd"] / 2**0.5)


def test_units_differ_by_the_texts_own_factors(write_table: Writer, tmp_path: Path) -> None:
    row = compare(write_table({"en": law, "enja": lambda n: 1.02 * law(n)}), tmp_path)["rows"][0]
    factor = row["difference_bits_per_byte"] / row["difference_nats_per_token"]
    for end in ("_low", "_high"):
        assert row[f"difference_bits_per_byte{end}"] == pytest.approx(factor * row[f"difference_nats_per_token{end}"])
    assert (
        row["difference_nats_per_token_low"] < row["difference_nats_per_token"] < row["difference_nats_per_token_high"]
    )
    assert row["difference_bits_per_char"] == pytest.approx(
        row["difference_nats_per_token"] / row["mix_loss_nats_per_token"], rel=0.01
    )
    assert row["compute_ratio"] == 1


def test_the_joint_law_finds_the_worth_in_both_definitions(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": lambda n: law(2 * n)}, seeds=3, seed_noise=0.0003)
    result = compare(table, tmp_path)
    low, high = result["joint"]["n_nonembedding"]["intervals"]["rho"]
    assert low < 2 < high
    assert "n_total" in result["joint"]
    assert "the mix's models are worth 2." in result["sentence"] or "worth 1.9" in result["sentence"]


def test_an_effective_ratio_holds_1_where_the_loss_ratio_does(write_table: Writer, tmp_path: Path) -> None:
    result = compare(write_table({"en": law, "enja": law}, seeds=2, seed_noise=0.002), tmp_path)
    for row in result["rows"]:
        if None not in (low := row["effective_n_total_ratio_low"], high := row["effective_n_total_ratio_high"]):
            assert (low < 1 < high) == (row["loss_ratio_low"] < 1 < row["loss_ratio_high"])


def test_paired_documents_are_far_sharper_than_standard_errors(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": lambda n: 1.01 * law(n)}, seeds=1)

    def width(*, documents: bool) -> float:
        row = compare(table, tmp_path, documents=documents)["rows"][-1]
        return float(row["loss_ratio_high"] - row["loss_ratio_low"])

    assert width(documents=True) < width(documents=False) / 5
    assert "not compared pairwise" in compare(table, tmp_path, documents=False)["sentence"]


def test_effective_parameters_are_those_of_the_law(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": lambda n: law(2 * n)}, seeds=2, seed_noise=0.0)
    for row in compare(table, tmp_path)["rows"][:4]:
        assert row["effective_n_nonembedding_ratio"] == pytest.approx(2, rel=0.02)
        assert row["effective_n_nonembedding_note"] == ""
        assert law(row["margin_in_n_nonembedding"] * row["n_nonembedding"]) * (1 + MARGIN) == pytest.approx(
            law(row["n_nonembedding"]), rel=1e-3
        )


def test_effective_parameters_are_not_extrapolated(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": lambda n: law(30 * n)}, seed_noise=0.0)
    rows = compare(table, tmp_path)["rows"]
    assert rows[-1]["effective_n_nonembedding_ratio"] is None
    assert "would need N above" in rows[-1]["effective_n_nonembedding_note"]
    assert rows[0]["effective_n_nonembedding_ratio"] == pytest.approx(30, rel=0.02)


def test_only_seeds_in_common_are_compared(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law, "enja": law}, seeds=3)
    lines = table.csv.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("enja,d16l1,s100,1,")]
    table.csv.write_text("".join(kept))
    out, record = tmp_path / "comparison.csv", tmp_path / "comparison.json"
    compare_mixes(table.csv, None, comparisons=[COMPARISON], margin=MARGIN, documents=[], table=out, record=record)
    assert [row["seeds"] for row in read_json(record)["comparisons"][0]["rows"]] == [2, 3, 3, 3, 3]


def test_a_bare_table_is_compared_without_intervals(tmp_path: Path) -> None:
    rows = [f"{mix},v,en,{n},{factor * law(n)}" for mix, factor in (("en", 1), ("enja", 1.01)) for n in (1e5, 1e6, 1e7)]
    (tmp_path / "bare.csv").write_text("\n".join(["mix,valid,lang,n_total,loss_nats_per_token", *rows]))
    bare = COMPARISON.model_copy(update={"mono_schedule": "", "mix_schedule": ""})
    out, record = tmp_path / "c.csv", tmp_path / "c.json"
    compare_mixes(
        tmp_path / "bare.csv", None, comparisons=[bare], margin=MARGIN, documents=[], table=out, record=record
    )
    (result,) = read_json(record)["comparisons"]
    for row in result["rows"]:
        assert row["loss_ratio"] == pytest.approx(1.01)
        assert row["verdict"] == "no interval"
        assert row["equivalence"] == "untested"
        assert row["noise"] == "none"


def test_csv_and_json_hold_the_same_rows(write_table: Writer, tmp_path: Path) -> None:
    result = compare(write_table({"en": law, "enja": law}), tmp_path)
    with (tmp_path / "comparison.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["loss_ratio"]) for row in rows] == [row["loss_ratio"] for row in result["rows"]]
    assert list(rows[0]) == list(result["rows"][0]) or set(rows[0]) == set(result["rows"][0])


def test_a_curve_that_was_not_run_is_an_error(write_table: Writer, tmp_path: Path) -> None:
    table = write_table({"en": law})
    with pytest.raises(UserError, match="no runs of mix enja, schedule s100, on validation set en"):
        compare(table, tmp_path)


def test_the_programs_run_from_the_command_line(write_table: Writer, tmp_path: Path, repository: Path) -> None:
    table = write_table({"en": law, "enja": law})
    shared = ["--points", table.csv, "--points-record", table.record, "--documents", *table.documents]
    comparisons = canonical_json([COMPARISON.model_dump()]).decode()
    ends: dict[str, list[Any]] = {
        "fit_curves.py": ["--valid", "en", "--out", tmp_path / "en.json"],
        "compare_mixes.py": [
            "--comparisons",
            comparisons,
            "--margin",
            "0.005",
            "--out",
            tmp_path / "c.csv",
            "--record",
            tmp_path / "c.json",
        ],
    }
    for script, end in ends.items():
        subprocess.run(
            [sys.executable, repository / "scripts" / script, *shared, *end],
            check=True,
            env={"PYTHONPATH": str(repository / "src")},
        )
    assert read_json(tmp_path / "en.json")["curves"]
    assert read_json(tmp_path / "c.json")["comparisons"]
