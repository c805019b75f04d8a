"""A run's spec as the engine reads it: checked in form, with the fingerprint that names its work folder."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from tenbin.errors import UserError
from tenbin.files import read_json, sha256_json
from tenbin.study.base import Entry, Identifier, LanguageCode, Sha256
from tenbin.study.catalogue import Schedule


class NetworkShape(Entry):
    """Shape of the network and its two parameter counts."""

    hidden_size: int
    num_layers: int
    num_heads: int
    rotary_width: int
    vocabulary: int
    sequence_length: int
    n_nonembedding: int
    n_total: int


class CorpusInput(Entry):
    """What a run reads of one corpus."""

    weight: float
    language: LanguageCode
    bin_sha256: Sha256
    idx_sha256: Sha256
    order_sha256: Sha256


class Trunk(Entry):
    """The run of a constant schedule that a decay branch leaves."""

    fingerprint: Sha256
    step: int
    """The branch starts from the trunk's state after this step."""


class RunSpec(Entry):
    """All that decides a run's result."""

    recipe: int
    engine: Literal["torch", "neox"]
    numerics: Literal["fp32", "bf16", "fp16"]
    mix: Identifier
    size: Identifier
    schedule_id: Identifier
    seed: int
    architecture: NetworkShape
    schedule: Schedule
    corpora: dict[Identifier, CorpusInput]
    blend_sha256: Sha256
    init_sha256: Sha256
    tokenizer_sha256: Sha256
    end_of_text_id: int
    trunk: Trunk | None = None


def read_spec(path: Path) -> tuple[RunSpec, str]:
    """Read a spec and return it with its fingerprint, the SHA-256 of its canonical JSON.

    Raises UserError if the file is damaged or asks for what this engine does not do.
    """
    content = read_json(path)
    try:
        return RunSpec.model_validate(content), sha256_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {place}: {first['msg']}; write the spec anew with this version of tenbin") from None
