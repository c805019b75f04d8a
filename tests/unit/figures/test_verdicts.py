"""The page of verdicts and its Japanese abstract: every verdict's number, and what a study without results says."""

import re
from pathlib import Path
from typing import Any

import pytest

from tenbin.figures.japanese_abstract import japanese_abstract
from tenbin.figures.verdicts import NO_FORECAST, TOO_LATE, write_verdicts
from tenbin.files import write_json


def claim(verdict: str, **changes: Any) -> dict[str, Any]:
    row = {"id": verdict, "statement": f"<{verdict}> holds.", "statement_ja": f"主張{verdict}", "verdict": verdict}
    row |= {"quantity": "a.predicted / a.measured", "place": "English (en)", "value": 0.97, "low": 0.96, "high": 0.98}
    row |= {"above": 0.995, "below": None, "smallest_n": 3312, "largest_n": 445_248, "numbers": 2, "caveat": ""}
    return row | {"numbers_that_hold": 1, "to_decide": "9 seeds" if verdict == "undecided" else ""} | changes


def forecast(*, before: bool = True, outcome: str = "hit") -> dict[str, Any]:
    row = {"mix": "en", "schedule": "it500", "valid": "en", "chosen_form": "power_law", "predicted": 4.1}
    row |= {"interval": [3.9, 4.2], "measured": 4.0, "relative_error": 0.025, "outcome": outcome}
    return {"size": "e6", "n_nonembedding": 2_369_792, "made_before_the_runs": before, "curves": [row]}


def page(folder: Path, claims: list[dict[str, Any]], scored: dict[str, Any] | None) -> str:
    write_json(folder / "claims.json", {"claims": claims, "forecast": scored})
    write_verdicts(folder / "claims.json", folder / "verdicts.html")
    return (folder / "verdicts.html").read_text(encoding="utf-8")


def test_the_page_tells_verdicts_numbers_and_what_would_decide(tmp_path: Path) -> None:
    html = page(tmp_path, [claim("confirmed"), claim("undecided")], forecast())
    for words in ("predicted / measured 0.9700", "0.9600 to 0.9800", "above 0.995", "3,312 to 445,248 parameters"):
        assert words in html
    assert "&lt;undecided&gt; holds. It would take 9 seeds." in html
    assert "+2.50 %" in html
    assert TOO_LATE not in html
    assert html.index("Verdicts") < html.index("forecast") < html.index("要旨")


def test_nothing_to_judge_and_no_forecast_are_said(tmp_path: Path) -> None:
    empty = dict.fromkeys(("quantity", "place", "value", "low", "high", "above", "below", "smallest_n", "largest_n"))
    html = page(tmp_path, [claim("undecided", **empty, caveat="nothing to judge")], None)
    assert NO_FORECAST in html
    assert "nothing to judge" in html
    assert "該当する結果がない" in html


def test_a_forecast_that_came_late_is_no_forecast(tmp_path: Path) -> None:
    html = page(tmp_path, [claim("confirmed")], forecast(before=False))
    assert TOO_LATE in html
    assert "事前の予測とはみなせない" in html


@pytest.mark.parametrize(
    ("verdict", "words"), [("confirmed", "支持された"), ("refuted", "棄却された"), ("undecided", "判定できない")]
)
def test_the_abstract_tells_each_verdict_with_its_number(verdict: str, words: str) -> None:
    text = "".join(japanese_abstract({"claims": [claim(verdict)], "forecast": forecast()}))
    assert f"「主張{verdict}」という主張は" in text
    assert words in text
    assert "決め手の値は0.9700、信頼区間は0.9600〜0.9800、基準は0.995超" in text
    assert "1件のうち1件で実測値が95%予測区間に入り" in text


def test_a_claim_without_a_japanese_statement_is_left_out_of_the_abstract() -> None:
    paragraphs = japanese_abstract({"claims": [claim("refuted", statement_ja=None)], "forecast": None})
    assert not re.search("主張は|None", "".join(paragraphs))
    assert all(paragraphs)
