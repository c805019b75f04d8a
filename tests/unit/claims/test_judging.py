"""Verdicts: an interval decides only where it lies on one side, and what can't be judged is undecided, not a crash."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.claims.cells import Results
from tenbin.claims.judging import judge, judge_claims
from tenbin.claims.model import Claim
from tenbin.claims.reading import read_claims
from tenbin.files import read_json, record_file, write_json
from tenbin.scaling.forecasts import write_index

LANGUAGES = {"en": ["en"], "ja": ["ja"], "enja": ["en", "ja"]}
SIZES = {"e3": 3_312, "e4": 12_768, "d64l1": 50_112}
RATIO = {"file": "comparison", "number": "loss_ratio", "interval": ["loss_ratio_low", "loss_ratio_high"]}
EXPONENT = {"file": "fits", "number": "parameters.exponent", "interval": "profile_intervals.exponent"}
FORECAST = {
    "file": "fits",
    "number": "forecast_of_largest.predicted",
    "interval": "forecast_of_largest.interval",
    "over": "forecast_of_largest.measured",
}


def claim(*assertions: dict[str, Any], **changes: Any) -> Claim:
    return Claim.model_validate({"id": "x", "statement": "It holds.", "assertions": assertions} | changes)


def compared(language: str, value: float, low: float | None, high: float | None, **row: Any) -> dict[str, Any]:
    head = {"language": language, "valid": language, "mono_mix": language, "mono_schedule": "a", "mix": "enja"}
    row = {"size": "d64l1", "n_nonembedding": 50_112, "seeds": 3, "loss_ratio": value, **row}
    row |= {"loss_ratio_low": low, "loss_ratio_high": high}
    return head | {"mix_schedule": "b", "at": "equal tokens of the language", "rows": [row]}


def fitted(language: str, mix: str, loss: float, exponent: list[float] | None, **form: Any) -> dict[str, Any]:
    point = {"loss_nats_per_token": loss, "interval": [loss - 0.05, loss + 0.05], "seeds": [{}, {}, {}]}
    points = [point | {"size": size, "n_nonembedding": n} for size, n in SIZES.items()]
    law = {"parameters": {"exponent": 0.05}, "profile_intervals": {"exponent": exponent}, **form}
    fit = {"fitted": True, "chosen_form": "power_law", "forms": {"power_law": law}}
    return {"mix": mix, "schedule": "b", "points": points, "fits": {"n_nonembedding": fit}}


def results(comparisons: list[dict[str, Any]] | None = None, fits: list[dict[str, Any]] | None = None) -> Results:
    return Results(comparisons or [], fits or [], {"en": True, "ja": True}, LANGUAGES, 0.005)


def fits_of(language: str, *curves: dict[str, Any]) -> dict[str, Any]:
    return {"valid": language, "language": language, "curves": list(curves)}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.997, 1.003, "confirmed"), (0.98, 0.99, "refuted"), (1.01, 1.02, "refuted"), (0.99, 1.0, "undecided")],
)
def test_an_interval_decides_only_where_it_lies_on_one_side(low: float, high: float, verdict: str) -> None:
    equivalent = claim({"quantity": RATIO, "above": "margin", "below": "margin"})
    row = judge(equivalent, results([compared("en", (low + high) / 2, low, high)]))
    assert row["verdict"] == verdict
    assert (row["above"], row["below"]) == (1 / 1.005, 1.005)
    assert bool(row["to_decide"]) == (verdict == "undecided")


def test_all_numbers_must_hold_and_one_that_does_not_refutes() -> None:
    no_advantage = claim({"quantity": RATIO, "above": "margin"})
    good, bad = compared("en", 1.0, 0.999, 1.001), compared("ja", 0.97, 0.96, 0.98)
    assert judge(no_advantage, results([good]))["verdict"] == "confirmed"
    row = judge(no_advantage, results([good, bad]))
    assert (row["verdict"], row["value"], row["numbers"], row["numbers_that_hold"]) == ("refuted", 0.97, 2, 1)
    assert judge(no_advantage.model_copy(update={"languages": ("en",)}), results([good, bad]))["verdict"] == "confirmed"


def test_a_number_without_an_interval_decides_nothing() -> None:
    row = judge(claim({"quantity": RATIO, "above": "margin"}), results([compared("en", 1.2, None, None)]))
    assert row["verdict"] == "undecided"
    assert row["to_decide"].startswith("an interval: the results have no interval")


def test_the_comparison_tells_how_many_seeds_would_decide() -> None:
    open_ = results([compared("en", 1, 0.9, 1.1, seeds_needed=7)])
    row = judge(claim({"quantity": RATIO, "above": "margin", "below": "margin"}), open_)
    assert row["to_decide"].startswith("about 7 seeds")
    one_sided = judge(claim({"quantity": RATIO, "above": "margin"}), open_)
    assert "seeds on both sides" not in one_sided["to_decide"], "the seeds are those of two one-sided tests"


def test_more_seeds_are_not_promised_to_decide_what_the_scatter_of_sizes_leaves_open() -> None:
    curve = fitted("en", "enja", 4.0, [-0.02, 0.12])
    row = judge(claim({"quantity": EXPONENT, "above": 0.0}), results(fits=[fits_of("en", curve)]))
    assert row["verdict"] == "undecided"
    assert row["to_decide"].startswith("an interval 1.4 times narrower: more sizes")


def test_a_wide_interval_tells_how_often_runs_must_be_repeated() -> None:
    row = judge(claim({"quantity": RATIO, "above": 0.75}), results([compared("en", 1.0, 0.5, 1.5)]))
    assert row["to_decide"] == (
        "an interval 2.0 times narrower: at most about 4 times the seeds and validation documents"
    )


@pytest.mark.parametrize("quantity", [RATIO, EXPONENT, {"file": "strangers"}])
def test_a_study_without_what_the_claim_speaks_of_is_undecided(quantity: dict[str, Any]) -> None:
    row = judge(claim({"quantity": quantity, "above": 0.0}), results())
    assert row["verdict"] == "undecided"
    assert row["to_decide"].startswith("runs of a mix")


def test_a_curve_of_too_few_sizes_is_undecided_with_its_reason() -> None:
    curve = fitted("en", "enja", 4.0, None)
    curve["fits"]["n_nonembedding"] = {"fitted": False, "reason": "2 sizes; a curve needs at least 3"}
    row = judge(claim({"quantity": EXPONENT, "above": 0.0}), results(fits=[fits_of("en", curve)]))
    assert row["verdict"] == "undecided"
    assert "2 sizes; a curve needs at least 3" in row["to_decide"]


def test_power_laws_are_judged_on_mixes_only_and_over_the_sizes_measured() -> None:
    forecast = {"predicted": 4.04, "measured": 4.0, "interval": [4.0, 4.06]}
    curves = [fitted("en", "enja", 4.0, [0.04, 0.06], forecast_of_largest=forecast), fitted("en", "en", 4.0, [-1, 1])]
    law = claim({"quantity": EXPONENT, "above": 0.0}, {"quantity": FORECAST, "above": 0.98, "below": 1.02})
    row = judge(law, results(fits=[fits_of("en", *curves)]))
    assert (row["verdict"], row["numbers"]) == ("confirmed", 2)
    assert (row["smallest_n"], row["largest_n"]) == (3_312, 50_112)
    wide = judge(law.model_copy(update={"claimed_sizes": (1e3, 1e8)}), results(fits=[fits_of("en", *curves)]))
    assert wide["verdict"] == "undecided"
    assert "from 3,312 to 50,112 parameters" in wide["to_decide"]


def test_a_sub_range_can_refute_a_claim_about_a_wider_one() -> None:
    law = claim({"quantity": EXPONENT, "above": 0.0}, claimed_sizes=[1e3, 1e8])
    row = judge(law, results(fits=[fits_of("en", fitted("en", "enja", 4.0, [-0.02, -0.01]))]))
    assert row["verdict"] == "refuted"


def test_a_mix_is_held_against_models_of_its_other_language() -> None:
    curves = [fitted("en", "enja", 4.0, None), fitted("en", "ja", 8.0, None), fitted("en", "en", 4.0, None)]
    row = judge(claim({"quantity": {"file": "strangers"}, "below": 0.9}), results(fits=[fits_of("en", *curves)]))
    assert (row["verdict"], row["numbers"], row["value"]) == ("confirmed", 1, 0.5)
    assert (row["low"], row["high"]) == (3.95 / 8.05, 4.05 / 7.95)


@given(value=st.floats(0.9, 1.1), half=st.floats(1e-6, 0.2))
@settings(deadline=None)
def test_a_claim_and_its_contrary_are_never_both_confirmed_or_both_refuted(value: float, half: float) -> None:
    found = results([compared("en", value, value - half, value + half)])
    verdicts = {side: judge(claim({"quantity": RATIO, side: 1.0}), found)["verdict"] for side in ("above", "below")}
    assert sorted(verdicts.values()) in (["confirmed", "refuted"], ["undecided", "undecided"])


def write_results(folder: Path) -> dict[str, Path]:
    paths = {name: folder / name for name in ("comparison.json", "en.json", "losses.csv", "losses.json")}
    write_json(paths["comparison.json"], {"comparisons": [compared("en", 1.0, 0.999, 1.001)]})
    write_json(paths["en.json"], fits_of("en", fitted("en", "enja", 4.0, [0.04, 0.06])))
    keys = {"mix": "enja", "schedule": "b", "valid": "en", "size": "d64l1"}
    row = {**keys, "in_domain": "true", "loss_nats_per_token": "4.0"}
    paths["losses.csv"].write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    write_json(paths["losses.json"], {"files": {"table": record_file(paths["losses.csv"])}})
    return paths


def write_forecast(folder: Path, interval: list[float], begun: list[str]) -> Path:
    curve: dict[str, Any] = {
        "mix": "enja",
        "schedule": "b",
        "valid": "en",
        "language": "en",
        "chosen_form": "power_law",
    }
    curve["forms"] = {"power_law": {"loss_nats_per_token": 4.1, "interval": interval}}
    content = {"size": "d64l1", "n_nonembedding": 50_112, "method": "m", "begun": begun, "curves": [curve]}
    write_json(folder / "predictions" / "1-a.json", content)
    write_index(folder / "predictions", folder / "predictions.json")
    return folder / "predictions.json"


def run(folder: Path, claims: Path, forecasts: Path | None = None) -> dict[str, Any]:
    paths = write_results(folder)
    judge_claims(
        claims=claims,
        comparison=paths["comparison.json"],
        scaling=[paths["en.json"]],
        losses=paths["losses.csv"],
        losses_record=paths["losses.json"],
        forecasts=forecasts,
        languages=LANGUAGES,
        margin=0.005,
        table=folder / "claims.csv",
        record=folder / "claims.json",
    )
    return read_json(folder / "claims.json")


def test_the_repositorys_own_claims_are_judged_one_row_each(tmp_path: Path, repository: Path) -> None:
    judged = run(tmp_path, repository / "claims.yaml")
    rows = list(csv.DictReader((tmp_path / "claims.csv").read_text(encoding="utf-8").splitlines()))
    ids = [entry.id for entry in read_claims(repository / "claims.yaml")]
    assert [row["id"] for row in rows] == [row["id"] for row in judged["claims"]] == ids
    assert rows[0]["verdict"] == "confirmed"
    assert {row["verdict"] for row in rows[1:]} == {"undecided"}
    assert judged["forecast"] is None


@pytest.mark.parametrize(("interval", "outcome"), [([3.9, 4.2], "hit"), ([4.05, 4.2], "miss")])
def test_the_first_forecast_is_scored(tmp_path: Path, repository: Path, interval: list[float], outcome: str) -> None:
    forecast = run(tmp_path, repository / "claims.yaml", write_forecast(tmp_path, interval, []))["forecast"]
    (row,) = forecast["curves"]
    assert (row["outcome"], row["measured"]) == (outcome, 4.0)
    assert row["relative_error"] == pytest.approx(0.025)
    assert forecast["made_before_the_runs"]


def test_a_forecast_made_after_the_runs_had_begun_is_told(tmp_path: Path, repository: Path) -> None:
    index = write_forecast(tmp_path, [3.9, 4.2], ["runs/x"])
    assert not run(tmp_path, repository / "claims.yaml", index)["forecast"]["made_before_the_runs"]
