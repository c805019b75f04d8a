"""Comparisons in plain sentences, made from their numbers alone.

A sentence names what was equal between the two sides, since a mix that trains longer is better for that
reason too, and it never takes an interval that contains no difference for equality: only a test against a margin that
was fixed before may say that two losses are equivalent.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tenbin.languages import language_name

NO_DIFFERENCE_SHOWN = "; the interval contains no difference, which does not show that there is none"
FEW_SEEDS = 3
EQUAL_COMPUTE = 1e-6


def describe_comparison(result: Mapping[str, Any]) -> str:
    """Return what a comparison found at the largest size, and how many sizes agree."""
    head = f"{language_name(result['language'])}, validation set {result['valid']}: {_sides(result)} ({result['at']}): "
    if not result["rows"]:
        return head + "no size and seed was run on both sides, so nothing can be compared."
    largest = result["rows"][-1]
    worth = f"{_effective(largest)}{_in_data(largest)}{_joint(result['joint']['n_nonembedding'])}"
    over_sizes = f"{_over_sizes(result['rows'])}{_equivalence(result['equivalence'])}{_margin_in_parameters(largest)}"
    return f"{head}{_at_size(largest)}.{worth}{over_sizes}{_caveat(result)}"


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
    found = told.get(row["verdict"], f"no difference could be told (loss {change})")
    within = f" and is equivalent within {_share(row['margin'])}" if row["equivalence"] == "equivalent" else ""
    return f"at {result['at']} {found}{within}"


def _sides(result: Mapping[str, Any]) -> str:
    if result["mono_steps"] is None or result["mix_steps"] is None:
        return (
            f"{result['mono_mix']} alone ({result['mono_schedule']}) against {result['mix']} ({result['mix_schedule']})"
        )
    return f"{result['mono_steps']:,} steps of {result['mono_mix']} alone against " + (
        f"{result['mix_steps']:,} steps of {result['mix']}{_compute(result['rows'])}"
    )


def _compute(rows: Sequence[Mapping[str, Any]]) -> str:
    ratios = {row["compute_ratio"] for row in rows}
    if len(ratios) != 1 or None in ratios:
        return ""
    ratio = ratios.pop()
    return ", equal in compute" if abs(ratio - 1) < EQUAL_COMPUTE else f", {ratio:.3g} times the compute"


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


def _in_data(row: Mapping[str, Any]) -> str:
    multiplier, low, high = (row[f"data_multiplier{end}"] for end in ("", "_low", "_high"))
    if multiplier is None:
        return ""
    ends = f" (95 % interval {low:.2f} to {high:.2f})" if low is not None and high is not None else " (interval open)"
    return f" In the mix, one token of the language is worth {multiplier:.2f} tokens of it alone{ends}."


def _joint(joint: Mapping[str, Any]) -> str:
    """Tell rho where one law holds for both curves; otherwise that it does not."""
    if not joint["fitted"]:
        return ""
    if any("refuted" in note for note in joint["notes"]):
        return (
            " No one law with a common exponent and constant fits both curves: what the mix is worth varies with size."
        )
    if not joint["identified"]["rho"]:
        return ""
    rho, (low, high) = joint["parameters"]["rho"], joint["intervals"]["rho"]
    return (
        f" By one law for both curves, over all sizes, the mix's models are worth {rho:.2f} times their parameters "
        f"(95 % profile interval {low:.2f} to {high:.2f})."
    )


def _over_sizes(rows: list[Mapping[str, Any]]) -> str:
    if len(rows) == 1:
        return ""
    verdicts = Counter(row["verdict"] for row in rows)
    counts = ", ".join(f"{verdict} at {count}" for verdict, count in sorted(verdicts.items()))
    return f" Of {len(rows)} sizes: {counts}."


def _equivalence(found: Mapping[str, Any]) -> str:
    margin, sizes, equivalent, beyond = (found[key] for key in ("margin", "sizes", "equivalent_sizes", "sizes_beyond"))
    head = f" Equivalence within {_share(margin)} of the loss"
    if found["verdict"] == "untested":
        return f"{head} is not tested: that needs two seeds at every size."
    if found["verdict"] == "equivalent":
        return f"{head} is shown at {'all sizes' if sizes > 1 else 'this size'} (p = {found['p']:.2g})."
    counts = (
        f"it is shown at {len(equivalent)} of {sizes} sizes, and at {len(beyond)} the difference is shown to be larger"
    )
    if found["verdict"] == "beyond the margin":
        return f"{head} at all sizes is refuted: {counts}."
    least = f"the least margin that would have been is {_share(found['least_margin'])}"
    return f"{head} at all sizes is not shown: {counts}; {least}{_seeds_it_takes(found)}."


def _margin_in_parameters(row: Mapping[str, Any]) -> str:
    factor = row["margin_in_n_nonembedding"]
    if factor is None:
        return ""
    return f" At the largest size {_share(row['margin'])} of loss is worth {factor:.2f} times the parameters."


def _seeds_it_takes(found: Mapping[str, Any]) -> str:
    needed = found["seeds_needed"]
    if needed is None:
        return ", and more seeds would not show it if the differences are as seen"
    return f", and about {needed} seeds a size would show it if the differences are as seen"


def _share(margin: float) -> str:
    return f"{100 * margin:.3g} %"


def _caveat(result: Mapping[str, Any]) -> str:
    return _of_documents(result["document_noise"]) + _of_seeds(min(row["seeds"] for row in result["rows"]))


def _of_documents(noise: str) -> str:
    if "loss_stderr" in noise:
        return " Documents were not compared pairwise, so intervals are wide."
    return " Intervals hold no noise of the validation set." if noise == "none" else ""


def _of_seeds(fewest: int) -> str:
    if fewest == 1:
        return " Sizes of one seed hold no noise of seeds: another training run may differ by more."
    return f" With {fewest} seeds their noise is itself hardly known." if fewest < FEW_SEEDS else ""


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
