"""Words for people: what languages, mixes, validation sets and sizes are called in figures and tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenbin.errors import UserError
from tenbin.files import read_json
from tenbin.languages import language_name

OWN_NAMES = {"ja": "日本語", "zh": "中文"}
"""A language's name for itself, where its script is another one and the figures' fonts have it."""


@dataclass(frozen=True)
class MixLanguages:
    """A training mix as figures see it: the share of its tokens that each language gives."""

    id: str
    weights: Mapping[str, float]

    @property
    def label(self) -> str:
        """Return `English only`, `English + Japanese`, or with percentages where shares differ."""
        if len(self.weights) == 1:
            return f"{language_name(next(iter(self.weights)))} only"
        if max(self.weights.values()) - min(self.weights.values()) < 0.005:
            return " + ".join(map(language_name, self.weights))
        return " + ".join(f"{language_name(code)} {weight:.0%}" for code, weight in self.weights.items())


def read_mixes(records: Iterable[Path]) -> dict[str, MixLanguages]:
    """Read mix records and return the mixes by id, mixes of fewer languages first, then by id.

    The place in this order decides a mix's colour and marker in every figure.
    """
    mixes = [_read_mix(path) for path in records]
    return {mix.id: mix for mix in sorted(mixes, key=lambda mix: (len(mix.weights), mix.id))}


def find_mix(mixes: Mapping[str, MixLanguages], id_: str, where: Path) -> MixLanguages:
    """Return a mix by id; raises UserError that names the file which speaks of a mix without a record."""
    if id_ not in mixes:
        raise UserError(f"{where} speaks of mix {id_}, but no record of it was given; name its JSON with --mixes")
    return mixes[id_]


def text_name(language: str, *, in_domain: bool) -> str:
    """Return what a validation set is called, such as `Japanese held-out text`."""
    return f"{language_name(language)} {'held-out text' if in_domain else 'text of another domain'}"


def panel_title(language: str, *, in_domain: bool) -> str:
    """Return the title of a validation set's panel, such as `Japanese held-out text (日本語)`."""
    own = f" ({OWN_NAMES[language]})" if language in OWN_NAMES else ""
    return text_name(language, in_domain=in_domain) + own


def short_count(count: float) -> str:
    """Return a count for an axis: 3k, 12.8k, 302M."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{float(f'{count / unit:.3g}'):g}{letter}"
    return f"{count:g}"


def _read_mix(path: Path) -> MixLanguages:
    weights: dict[str, float] = {}
    for corpus in read_json(path)["corpora"].values():
        weights[corpus["language"]] = weights.get(corpus["language"], 0.0) + corpus["weight"]
    return MixLanguages(path.stem, dict(sorted(weights.items())))
