"""Comparisons in plain sentences, made from their numbers alone.

A sentence names what was equal between the two sides, since a mix that trains longer is better for that
reason too, and it never takes an interval that contains no difference for equality.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tenbin.languages import language_name

NO_DIFFERENCE_SHOWN = "; the interval contains no difference, which does not show that there is none"
FEW_SEEDS = 3


def describe_comparison(result: Mapping[str, Any]) -> str:
    """Return what a comparison found at the largest size, and how many sizes agree."""
    head = f"{language_name(result['language'])}, validation set {result['valid']}: {_sides(result)} ({result['at']}): "
    if not result["rows"]:
        return head + "no size and seed was run on both sides, so nothing can be compared."
    largest = result["rows"][-1]
    return f"{head}{_at_size(largest)}.{_effective(largest)}{_over_sizes(result['rows'])}{_caveat(result)}"


def describe_headlines(results: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a short sentence for each validation set and mix: what all its comparisons found at the largest size."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for result in results:
        if result["rows"]:
            groups.setdefault((result["valid"], result["mono_mix"], result["mix"]), []).append(result)
    return [
        {"valid": valid, "text": f"{_who(mono, mix, group)} {'; '.join(map(_outcome, group))}."}
        for (valid, mono, mix), group in groups.items()
    ]


def _who(mono: str, mix: str, group: Sequence[Mapping[str, Any]]) -> str:
    sizes = {row["size"] for result in group for row in result["rows"][-1:]}
    model = "the largest model" if len(sizes) == 1 else "the largest models"
    return f"{language_name(group[0]['language'])}, {mix} instead of {mono} alone, {model}:"


def _outcome(result: Mapping[str, Any]) -> str:
    row = result["rows"][-1]
    change = _percent(row["loss_ratio"])
    told = {
        "mix better": f"the mix gained, its loss is {change}",
        "mix worse": f"the mix cost, its loss is {change}",
        "no interval": f"its loss is {change}, without an interval",
    }
    return f"at {result['at']} {told.get(row['verdict'], f'no difference could be told (loss {change})')}"


def _sides(result: Mapping[str, Any]) -> str:
    if result["mono_steps"] is None or result["mix_steps"] is None:
        return (
            f"{result['mono_mix']} alone ({result['mono_schedule']}) against {result['mix']} ({result['mix_schedule']})"
        )
    return f"{result['mono_steps']:,} steps of {result['mono_mix']} alone against " + (
        f"{result['mix_steps']:,} steps of {result['mix']}"
    )


def _at_size(row: Mapping[str, Any]) -> str:
    n = row["n_nonembedding"]
    parameters = f"{n:,.0f} parameters without embeddings" if n else f"{row['n_total']:,.0f} parameters"
    difference = f"at {parameters} the mix's loss is {_percent(row['loss_ratio'])}"
    if row["verdict"] == "no interval":
        return f"{difference} ({_seeds(row)}; no interval, since nothing was repeated)"
    ends = _interval(row["loss_ratio_low"], row["loss_ratio_high"])
    undecided = NO_DIFFERENCE_SHOWN if row["verdict"] == "undecided" else ""
    return f"{difference} (95 % interval {ends}; {_seeds(row)}){undecided}"


def _effective(row: Mapping[str, Any]) -> str:
    ratio = row["effective_n_nonembedding_ratio"]
    if ratio is None:
        return ""
    low, high = row["effective_n_nonembedding_ratio_low"], row["effective_n_nonembedding_ratio_high"]
    ends = f" (95 % interval {low:.2f} to {high:.2f})" if low is not None and high is not None else ""
    return f" Alone, the language would need {ratio:.2f} times as many parameters for that loss{ends}."


def _over_sizes(rows: list[Mapping[str, Any]]) -> str:
    if len(rows) == 1:
        return ""
    verdicts = Counter(row["verdict"] for row in rows)
    counts = ", ".join(f"{verdict} at {count}" for verdict, count in sorted(verdicts.items()))
    return f" Of {len(rows)} sizes: {counts}."


def _caveat(result: Mapping[str, Any]) -> str:
    if "loss_stderr" in result["document_noise"]:
        return " Documents were not compared pairwise, so intervals are wide."
    if result["document_noise"] == "none":
        return " Intervals hold no noise of the validation set."
    if min(row["seeds"] for row in result["rows"]) < FEW_SEEDS:
        return f" With fewer than {FEW_SEEDS} seeds intervals are narrow."
    return ""


def _percent(ratio: float) -> str:
    if ratio == 1:
        return "the same"
    return f"{abs(ratio - 1):.2%} {'lower' if ratio < 1 else 'higher'}".replace("%", " %")


def _interval(low: float, high: float) -> str:
    if (low < 1) == (high < 1):
        nearest, farthest = sorted((abs(low - 1), abs(high - 1)))
        return f"{nearest:.2%} to {farthest:.2%} {'lower' if low < 1 else 'higher'}".replace("%", " %")
    return f"{_percent(low)} to {_percent(high)}"


def _seeds(row: Mapping[str, Any]) -> str:
    return f"{row['seeds']} seed{'s' if row['seeds'] != 1 else ''}"
