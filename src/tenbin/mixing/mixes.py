"""A mix: corpora with weights, named by the SHA-256 of their tokens. No token is copied."""

from pathlib import Path
from typing import Any

from tenbin import recipes
from tenbin.errors import UserError
from tenbin.files import read_json, sha256_json, write_json
from tenbin.study.catalogue import Mix


def write_mix(mix: Mix, languages: dict[str, str], records: dict[str, Path], path: Path) -> None:
    """Write a mix from the records of its corpora's tokens.

    Raises UserError if a corpus lacks a language or tokens, or the tokens come from several tokenizers.
    """
    for what, given in (("languages", languages), ("tokens", records)):
        if set(given) != set(mix.corpora):
            raise UserError(f"the mix has corpora {sorted(mix.corpora)}, but {what} are given for {sorted(given)}")
    contents = {corpus: read_json(record) for corpus, record in records.items()}
    tokenizers = {content["tokenizer_sha256"]: corpus for corpus, content in contents.items()}
    if len(tokenizers) > 1:
        raise UserError(f"{path.stem}: the tokens of {', '.join(sorted(tokenizers.values()))} use different tokenizers")
    corpora = {corpus: _describe(weight, languages[corpus], contents[corpus]) for corpus, weight in mix.corpora.items()}
    write_json(path, {"recipe": recipes.MIXES, "tokenizer_sha256": next(iter(tokenizers)), "corpora": corpora})


def _describe(weight: float, language: str, tokens: dict[str, Any]) -> dict[str, Any]:
    return {
        "weight": weight,
        "language": language,
        **{name: tokens[name] for name in ("tokens", "documents", "text_bytes", "characters")},
        "bin_sha256": tokens["files"]["bin"]["sha256"],
        "idx_sha256": tokens["files"]["idx"]["sha256"],
        "tokens_record": sha256_json(tokens),
    }
