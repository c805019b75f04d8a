"""Headlines say what was gained or cost and what was equal, and never take an open interval for equality."""

from typing import Any

from tenbin.scaling.wording import describe_headlines


def result(at: str, ratio: float, verdict: str, valid: str = "en") -> dict[str, Any]:
    row = {"size": "e4", "loss_ratio": ratio, "verdict": verdict, "equivalence": "not shown", "margin": 0.005}
    smaller = {"size": "e3", "loss_ratio": 0.5, "verdict": "mix better"}
    return {"language": valid, "valid": valid, "mono_mix": valid, "mix": "enja", "at": at, "rows": [smaller, row]}


def test_both_controls_stand_in_one_sentence() -> None:
    headlines = describe_headlines(
        [
            result("equal tokens of the language", 0.984, "mix better"),
            result("equal steps", 1.037, "mix worse"),
            result("equal steps", 1.047, "mix worse", valid="ja"),
        ]
    )
    assert headlines == [
        {
            "valid": "en",
            "text": "English, enja instead of en alone, the largest model: at equal tokens of the language the mix "
            "gained, its loss is 1.60 % lower; at equal steps the mix cost, its loss is 3.70 % higher.",
        },
        {
            "valid": "ja",
            "text": "Japanese, enja instead of ja alone, the largest model: at equal steps the mix cost, its loss is "
            "4.70 % higher.",
        },
    ]


def test_an_open_interval_is_not_called_equal() -> None:
    (headline,) = describe_headlines([result("equal steps", 0.999, "undecided")])
    assert "no difference could be told (loss 0.10 % lower)" in headline["text"]
    assert "equal to" not in headline["text"]


def test_equivalence_is_said_only_where_it_was_shown() -> None:
    found = result("equal steps", 1.001, "undecided")
    found["rows"][-1]["equivalence"] = "equivalent"
    (headline,) = describe_headlines([found])
    assert "(loss 0.10 % higher) and is equivalent within 0.5 %" in headline["text"]


def test_without_an_interval_nothing_is_claimed() -> None:
    (headline,) = describe_headlines([result("equal steps", 0.9, "no interval")])
    assert "its loss is 10.00 % lower, without an interval" in headline["text"]
    assert "gained" not in headline["text"]


def test_a_comparison_without_runs_has_no_headline() -> None:
    assert describe_headlines([result("equal steps", 1.0, "undecided") | {"rows": []}]) == []
