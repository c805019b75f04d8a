"""What a claims file holds: each claim as assertions on named numbers of the results.

A number is named by file and key, with the keys of its interval beside it; nothing is evaluated. A claim holds where
all of its assertions hold in every place of their scope.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tenbin.study.base import Entry, LanguageCode
from tenbin.study.comparisons import Fairness

ClaimId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Key = Annotated[str, Field(pattern=r"^\w+(\.\w+)*$")]
Threshold = float | Literal["margin"]


class Number(Entry):
    """A number of the results and where its interval stands."""

    number: Key
    """Key of the number; a dot goes into a nested object."""
    interval: tuple[Key, Key] | Key | None = None
    """Key of the interval [low, high], or the two keys of its ends; none: the number has no interval."""


class ComparisonNumber(Number):
    """A number of a row of `scaling/comparison.json`: one language alone against a mix, at one size."""

    file: Literal["comparison"]
    """The file."""
    at: tuple[Fairness, ...] = ("equal tokens of the language",)
    """What is equal between the two sides."""
    sizes: Literal["largest", "all"] = "largest"
    """The largest size that both sides have, or every size."""


class CurveNumber(Number):
    """A number of a curve's fit in `scaling/{valid}.json`."""

    file: Literal["fits"]
    """The file."""
    over: Key | None = None
    """Key of a number that number and interval are divided by."""
    form: Literal["power_law", "power_law_with_constant", "chosen"] = "power_law"
    """The form of the curve."""
    parameters: Literal["n_nonembedding", "n_total"] = "n_nonembedding"
    """How parameters are counted."""
    mixes: Literal["alone", "several", "all"] = "several"
    """Models of one language alone, of several languages, or all that saw the language."""


class StrangerNumber(Entry):
    """Loss of a mix over that of models that never saw the language, at the largest size of `scaling/{valid}.json`."""

    file: Literal["strangers"]
    """Both losses' file; their intervals are divided end by end, which is wider than a paired one."""


class Assertion(Entry):
    """A number and where it must lie."""

    quantity: Annotated[ComparisonNumber | CurveNumber | StrangerNumber, Field(discriminator="file")]
    """The number."""
    above: Threshold | None = None
    """Lower end of where the number must lie; `margin`: 1/(1 + the study's margin)."""
    below: Threshold | None = None
    """Upper end; `margin`: 1 + the study's margin."""

    @model_validator(mode="after")
    def _has_a_threshold(self) -> "Assertion":
        if self.above is None and self.below is None:
            raise ValueError("give above, below, or both: an assertion without a threshold says nothing")
        return self

    def bounds(self, margin: float) -> tuple[float | None, float | None]:
        """Return where the number must lie, given the study's margin as a share."""
        low = 1 / (1 + margin) if self.above == "margin" else self.above
        high = 1 + margin if self.below == "margin" else self.below
        return low, high


class Claim(Entry):
    """A sentence about the results that can be wrong."""

    id: ClaimId
    """The claim's name in tables: words of lower-case letters and digits, joined by hyphens."""
    statement: str = Field(min_length=1)
    """The claim in one English sentence."""
    statement_ja: str | None = None
    """The same in Japanese, for the abstract; none: the abstract leaves the claim out."""
    languages: tuple[LanguageCode, ...] | None = None
    """Languages that it speaks of; none: all that the study can judge."""
    in_domain: bool | None = True
    """Held-out text of the training domain (true), of another (false), or both (none)."""
    claimed_sizes: tuple[float, float] | None = None
    """Parameters without embeddings, from and to, that it speaks of; a study of fewer can refute it, not confirm it."""
    assertions: tuple[Assertion, ...] = Field(min_length=1)
    """What must hold, all of it."""


class ClaimsFile(Entry):
    """A whole claims file."""

    claims: tuple[Claim, ...] = Field(min_length=1)
    """The claims, in reading order."""

    @model_validator(mode="after")
    def _ids_differ(self) -> "ClaimsFile":
        ids = [claim.id for claim in self.claims]
        if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            raise ValueError(f"claims: two claims have the id {', '.join(twice)}; rename one")
        return self
