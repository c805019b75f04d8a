"""Which curves of a study are worth comparing: one language alone against a mix that holds it.

A mix can be fair in two ways that exclude each other. At equal tokens of the language the mix takes
more steps, at equal steps it sees less of the language; a gain under the first alone may be no more
than the longer training. Equal compute is no third way: models of one size that take as many steps of
as many tokens cost the same, so equal steps are equal compute.
"""

from typing import Literal

from tenbin.study.base import Entry
from tenbin.study.model import Study
from tenbin.study.proportions import sweeps_proportions

Fairness = Literal["equal tokens of the language", "equal steps", "unequal steps and tokens"]
TOKEN_TOLERANCE = 0.01


class Comparison(Entry):
    """A curve of one language alone and a curve of a mix, and what is equal between them."""

    language: str
    mono_mix: str
    mono_schedule: str
    mix: str
    mix_schedule: str
    at: Fairness
    mix_share: float
    """Share of the mix's tokens that are of the language."""
    mono_schedules: tuple[str, ...] = ()
    """Schedules of the language alone that differ in steps only: the same training at several numbers of tokens."""
    mix_schedules: tuple[str, ...] = ()
    """The mix's, likewise."""


def find_comparisons(study: Study) -> list[Comparison]:
    """Return all pairs (language alone, mix holding it) among the study's curves, in config order.

    Where a study sweeps proportions, only mixes of equal shares: the laws of the proportion compare the others.
    """
    curves = list(dict.fromkeys((mix, block.schedule) for block in study.study.blocks for mix in block.mixes))
    languages = dict.fromkeys(study.valids[valid].language for valid in study.study.valids)
    return [
        Comparison(
            language=language,
            mono_mix=mono[0],
            mono_schedule=mono[1],
            mix=mix[0],
            mix_schedule=mix[1],
            at=_fairness(study, language, mono, mix),
            mix_share=_shares(study, mix[0])[language],
            mono_schedules=_other_lengths(study, mono, curves),
            mix_schedules=_other_lengths(study, mix, curves),
        )
        for language in languages
        for mono in curves
        if _shares(study, mono[0]) == {language: 1.0}
        for mix in curves
        if 0 < _shares(study, mix[0]).get(language, 0) < 1
        if _is_even(study, mix[0]) or not sweeps_proportions(study)
    ]


def _other_lengths(study: Study, curve: tuple[str, str], curves: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return the schedules of a curve's mix whose runs differ from the curve's in nothing but their steps."""
    like = study.schedules[curve[1]]
    schedules = [schedule for mix, schedule in curves if mix == curve[0]]
    return tuple(id_ for id_ in schedules if study.schedules[id_].model_copy(update={"steps": like.steps}) == like)


def _is_even(study: Study, mix: str) -> bool:
    return len({round(share, 6) for share in _shares(study, mix).values()}) == 1


def _shares(study: Study, mix: str) -> dict[str, float]:
    """Return the share of a mix's tokens by language; one language alone is exactly 1."""
    shares: dict[str, float] = {}
    for corpus, weight in study.mixes[mix].corpora.items():
        language = study.corpora[corpus].language
        shares[language] = shares.get(language, 0.0) + weight
    return dict.fromkeys(shares, 1.0) if len(shares) == 1 else shares


def _fairness(study: Study, language: str, mono: tuple[str, str], mix: tuple[str, str]) -> Fairness:
    mono_plan, mix_plan = study.schedules[mono[1]], study.schedules[mix[1]]
    if mono_plan.tokens == mix_plan.tokens:
        return "equal steps"
    mix_tokens = mix_plan.tokens * _shares(study, mix[0])[language]
    if abs(mix_tokens - mono_plan.tokens) <= TOKEN_TOLERANCE * mono_plan.tokens:
        return "equal tokens of the language"
    return "unequal steps and tokens"
