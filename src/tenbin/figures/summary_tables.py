"""Tables of the summary page: losses of every model, fits, and the texts with their authors and licences."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tenbin.figures.fits import FORM_NAMES, PARAMETERS, Curve, Parameters, ScalingFile
from tenbin.figures.html import Column, table
from tenbin.figures.labels import text_name
from tenbin.figures.looks import CurveId, Look
from tenbin.files import read_json
from tenbin.languages import language_name
from tenbin.study.base import Entry

ABSENT = "–"


def losses_table(valid: str, losses: pd.DataFrame, looks: Mapping[CurveId, Look]) -> str:
    """Return mean losses over seeds on one validation set: sizes in rows, training mixes in columns."""
    rows = losses[losses["valid"] == valid]
    columns = [
        Column("size"),
        Column("parameters without embeddings", "number"),
        Column("parameters with embeddings", "number"),
        *(Column(look.label, "number") for look in looks.values()),
    ]
    lines = [
        [str(size), f"{alone:,}", f"{total:,}", *(_mean_losses(group, curve) for curve in looks)]
        for (alone, total, size), group in rows.groupby(["n_nonembedding", "n_total", "size"])
    ]
    name = text_name(str(rows["lang"].iloc[0]), in_domain=bool(rows["in_domain"].iloc[0]))
    return table(columns, lines, f"{name} ({valid}): nats per token, in brackets bits per byte")


def _mean_losses(rows: pd.DataFrame, curve: CurveId) -> str:
    chosen = rows[(rows["mix"] == curve[0]) & (rows["schedule"] == curve[1])]
    if chosen.empty:
        return ABSENT
    bits = chosen["bits_per_byte"].mean()
    return f"{chosen['loss_nats_per_token'].mean():.4f} ({ABSENT if pd.isna(bits) else f'{bits:.3f}'})"


def fits_table(files: Sequence[ScalingFile], looks: Mapping[CurveId, Look]) -> str:
    """Return one row a validation set, curve that saw its language, and count of parameters."""
    columns = [
        Column("validation set"),
        Column("training mix"),
        Column("embeddings"),
        Column("chosen form"),
        Column("exponent", "number"),
        Column("constant, nats per token", "number"),
        Column("error at the left-out largest size: " + ", ".join(FORM_NAMES.values()), "number"),
    ]
    rows = [
        [file.valid, look.label, *_fit_cells(curve, parameters)]
        for file in files
        for id_, look in looks.items()
        for curve in file.curves
        if (curve.mix, curve.schedule) == id_ and file.language in look.languages
        for parameters in PARAMETERS
    ]
    return table(columns, rows)


def _fit_cells(curve: Curve, parameters: Parameters) -> list[str]:
    counted = "counted" if parameters == "total" else "not counted"
    fit = curve.fits.get(parameters)
    if fit is None:
        return [counted, f"not fitted: {curve.reasons[parameters]}", *[ABSENT] * 3]
    errors = [fit.leave_largest_out_errors[form] for form in FORM_NAMES]
    return [
        counted,
        FORM_NAMES[fit.form],
        fit.exponent.describe(3),
        fit.constant.describe(3) if fit.constant else ABSENT,
        ", ".join(ABSENT if error is None else f"{100 * error:.2f} %" for error in errors),
    ]


class GivenTokens(Entry):
    """A corpus that came as tokens, so that no stage of the study read its text."""

    corpus: str
    """Corpus id."""
    language: str
    """Language code."""
    source: str
    """Who wrote the text and where it comes from."""
    licence: str
    """Licence of the text."""


def corpora_table(records: Sequence[Path], given: Sequence[GivenTokens]) -> str:
    """Return one row a corpus and split: documents, size, what was left out, who wrote it, its licence.

    A corpus's id is the folder above the split's: CORPUS/SPLIT/SHARD.json.
    """
    columns = [
        Column("corpus"),
        Column("language"),
        Column("split"),
        Column("documents", "number"),
        Column("megabytes of text", "number"),
        Column("unreadable", "number"),
        Column("source", "prose"),
        Column("licence", "prose"),
    ]
    splits: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for path in records:
        record = read_json(path)
        splits.setdefault((path.parent.parent.name, record["split"]), []).append(record)
    rows = [_corpus_row(corpus, split, shards) for (corpus, split), shards in sorted(splits.items())]
    rows += [
        [entry.corpus, language_name(entry.language), "given as tokens", *[ABSENT] * 3, entry.source, entry.licence]
        for entry in given
    ]
    return table(columns, rows)


def _corpus_row(corpus: str, split: str, shards: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        corpus,
        language_name(shards[0]["language"]),
        split,
        f"{sum(shard['documents'] for shard in shards):,}",
        f"{sum(shard['text_bytes'] for shard in shards) / 1e6:.2f}",
        f"{sum(sum(shard['unreadable'].values()) for shard in shards):,}",
        shards[0]["source"],
        shards[0]["licence"],
    ]
