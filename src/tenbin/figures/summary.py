"""The study on one page: what the mix cost or gained in sentences, then all losses, fits and texts.

The sentences come from the comparison stage, which knows what its intervals hold; the licences of
the texts come from the records of the corpora.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenbin.figures.fits import read_scaling
from tenbin.figures.html import findings, headline, page, paragraph, section
from tenbin.figures.inputs import read_losses
from tenbin.figures.labels import read_mixes
from tenbin.figures.looks import mix_looks
from tenbin.figures.summary_tables import GivenTokens, corpora_table, fits_table, losses_table
from tenbin.files import read_json, write_bytes
from tenbin.study.style import FigureStyle

HEADLINE_NOTE = "On held-out text of the training domain, with 95 % intervals further down:"
FINDINGS_NOTE = (
    "Each sentence below compares a mix with one of its languages alone on one validation set, at the largest size "
    "that both have, and says what was equal between the two."
)
OTHER_DOMAIN_NOTE = "The same models on text unlike all training text:"
LOSSES_NOTE = (
    "Means over seeds. Nats per token compare models within a table; bits per byte compare across languages and "
    "tokenizers. Models that never saw a language are here too."
)
FITS_NOTE = (
    "The chosen form is that which predicts the largest size best when it is left out; both forms' errors are given. "
    "95 % intervals are in brackets, by the profile of the fit; what is not identified has no digits. An exponent "
    "belongs to its form and to the way parameters are counted: compare exponents only where both agree. Models that "
    "never saw the language are left out."
)
CORPORA_NOTE = (
    "Every text that this study reads, with its author and licence. Train splits are trained on, valid splits scored."
)
NO_COMPARISON = "No mix of this study stands beside one of its languages alone: nothing was compared."


def write_summary(
    *,
    comparison: Path,
    losses: Path,
    losses_record: Path,
    scaling: Sequence[Path],
    mixes: Sequence[Path],
    corpora: Sequence[Path],
    given_tokens: Sequence[GivenTokens],
    out: Path,
) -> None:
    """Write the summary page as one self-contained HTML file.

    Raises UserError if an input is damaged or speaks of a mix without a record.
    """
    table = read_losses(losses, losses_record)
    looks = mix_looks(read_mixes(mixes), table, losses, FigureStyle())
    is_outside = dict(~table.groupby("valid")["in_domain"].first().astype(bool))
    valids = sorted(is_outside, key=lambda valid: (is_outside[valid], valid))
    files = sorted(map(read_scaling, scaling), key=lambda file: valids.index(file.valid))
    estimators = dict.fromkeys(file.estimator for file in files)
    compared = read_json(comparison)
    sections = [
        section("What the mix cost or gained", HEADLINE_NOTE, *_findings(compared, is_outside)),
        section("Losses", LOSSES_NOTE, *(losses_table(valid, table, looks) for valid in valids)),
        section(
            "Fitted curves",
            FITS_NOTE,
            fits_table(files, looks),
            *(paragraph(f"Estimator: {estimator}.") for estimator in estimators),
        ),
        section("Texts", CORPORA_NOTE, corpora_table(corpora, given_tokens)),
    ]
    write_bytes(out, page("One model, several languages: summary", sections).encode())


def _findings(compared: Mapping[str, Any], is_outside: Mapping[str, bool]) -> list[str]:
    if not compared["comparisons"]:
        return [paragraph(NO_COMPARISON)]
    headlines = [entry["text"] for entry in compared["headlines"] if not is_outside[entry["valid"]]]
    inside = [entry["sentence"] for entry in compared["comparisons"] if not is_outside[entry["valid"]]]
    outside = [entry["sentence"] for entry in compared["comparisons"] if is_outside[entry["valid"]]]
    return [
        *map(headline, headlines),
        paragraph(FINDINGS_NOTE),
        findings(inside),
        *([paragraph(OTHER_DOMAIN_NOTE), findings(outside)] if outside else []),
    ]
