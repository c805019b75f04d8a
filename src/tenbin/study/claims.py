"""What the study's claims are judged by: the `claims` section, fixed before the first run.

A margin chosen after the losses are seen proves nothing: it can always be made as wide as the difference found. It
stands in the config, under version control, beside what is trained. No training stage reads it.
"""

from pydantic import Field

from tenbin.study.base import Entry


class Claims(Entry):
    """Thresholds of the claims."""

    margin: float = Field(default=0.005, gt=0, le=0.5)
    """Equivalence margin, a share of the loss: 0.005 calls the mix and one language alone equivalent where the ratio of
    their losses is shown to lie between 1/1.005 and 1.005. Choose it before the runs, by what difference would matter:
    half a percent of loss is worth 5 to 10 percent of the parameters by the law of Hoffmann et al. 2022, and more where
    curves are flat. A change makes the comparisons anew and retrains nothing, but a margin set after the losses are
    known decides nothing."""
    file: str | None = Field(default=None, min_length=1)
    """Claims file (YAML), relative to the working folder or absolute; none: `claims.yaml` beside the Snakefile."""
