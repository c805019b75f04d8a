"""From a claims file to checked claims, or to one message that names the file and the key."""

from pathlib import Path

from pydantic import ValidationError

from tenbin.claims.model import Claim, ClaimsFile
from tenbin.errors import UserError
from tenbin.study.reading import load_yaml


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Read and check a claims file.

    Raises UserError naming the file, the key and what is wrong for every mistake found.
    """
    try:
        return ClaimsFile.model_validate(load_yaml(path)).claims
    except ValidationError as error:
        mistakes = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise UserError(f"{path}: {'; '.join(mistakes)}; docs/report.md tells what a claims file holds") from None
