"""The abstract in Japanese, put together from the verdicts' numbers by fixed sentences."""

from collections.abc import Mapping
from typing import Any

PURPOSE = (
    "本研究では、複数の言語を混ぜて学習した言語モデル（混合学習）と、一つの言語だけで学習したモデル（単言語学習）とを"
    "規模ごとに比較し、検証用テキストに対する損失（トークンあたりのナット）から、あらかじめ定めた主張を判定した。"
)
VERDICTS = {
    "confirmed": "「{statement}」という主張は支持された{number}。",
    "refuted": "「{statement}」という主張は棄却された{number}。",
    "undecided": "「{statement}」という主張は、今回の結果だけでは判定できない{number}。",
}
CLOSING = (
    "区間が基準をまたぐ場合は判定を保留した。差が示されなかったことは、差がないことの証明ではない。"
    "また、以上の結果は調べた規模の範囲に限られ、それより大きいモデルに当てはまるとは限らない。"
)


def japanese_abstract(judged: Mapping[str, Any]) -> list[str]:
    """Return the abstract's paragraphs; `judged` is the content of claims.json."""
    claims = [claim for claim in judged["claims"] if claim["statement_ja"]]
    verdicts = "".join(_verdict(claim) for claim in claims)
    return [PURPOSE, *filter(None, [verdicts]), *_forecast(judged["forecast"]), CLOSING]


def _verdict(claim: Mapping[str, Any]) -> str:
    return VERDICTS[claim["verdict"]].format(statement=claim["statement_ja"], number=_number(claim))


def _number(claim: Mapping[str, Any]) -> str:
    if claim["value"] is None:
        return "（該当する結果がない）"
    if claim["low"] is None:
        return f"（決め手の値は{claim['value']:.4f}、信頼区間なし）"
    ends = f"{claim['low']:.4f}〜{claim['high']:.4f}"
    return f"（決め手の値は{claim['value']:.4f}、信頼区間は{ends}、基準は{_bounds(claim)}）"


def _bounds(claim: Mapping[str, Any]) -> str:
    above, below = claim["above"], claim["below"]
    if below is None:
        return f"{above:.4g}超"
    return f"{below:.4g}未満" if above is None else f"{above:.4g}〜{below:.4g}"


def _forecast(forecast: Mapping[str, Any] | None) -> list[str]:
    rows = [row for row in forecast["curves"] if row["measured"] is not None] if forecast else []
    if forecast is None or not rows:
        return []
    hits = sum(row["outcome"] == "hit" for row in rows)
    error = max(abs(row["relative_error"]) for row in rows)
    when = (
        "最大規模の学習を始める前に、小さいモデルの損失だけから最大規模の損失を予測した。"
        if forecast["made_before_the_runs"]
        else "最大規模の損失を小さいモデルの損失だけから予測したが、最大規模の学習が始まった後に行ったため、"
        "事前の予測とはみなせない。"
    )
    return [f"{when}{len(rows)}件のうち{hits}件で実測値が95%予測区間に入り、相対誤差は最大で{error:.2%}であった。"]
