"""Whether a study sweeps the proportion of two languages, as a law of the proportion needs it."""

from itertools import combinations

from tenbin.study.model import Study

MIN_PROPORTIONS = 5
"""Two proportions cannot test a form, and three cannot leave one out."""


def sweeps_proportions(study: Study) -> bool:
    """Tell whether two corpora of different languages are mixed in at least five proportions at one schedule."""
    pairs = combinations(dict.fromkeys(id_ for run in study.runs() for id_ in study.mixes[run.mix].corpora), 2)
    schedules = {run.schedule for run in study.runs()}
    return any(
        len(_proportions(study, pair, schedule)) >= MIN_PROPORTIONS
        for pair in pairs
        for schedule in schedules
        if study.corpora[pair[0]].language != study.corpora[pair[1]].language
    )


def _proportions(study: Study, pair: tuple[str, str], schedule: str) -> set[float]:
    weights = [study.mixes[run.mix].corpora for run in study.runs() if run.schedule == schedule]
    return {there.get(pair[1], 0.0) for there in weights if set(there) <= set(pair)}
