"""Claims files: what is wrong is said with file and key."""

from pathlib import Path

import pytest

from tenbin.claims.reading import read_claims
from tenbin.errors import UserError

GOOD = """claims:
  - id: one
    statement: It falls.
    assertions:
      - {quantity: {file: fits, number: parameters.exponent}, above: 0.0}
"""


def test_the_repositorys_own_claims_are_well_formed(repository: Path) -> None:
    claims = read_claims(repository / "claims.yaml")
    assert [claim.id for claim in claims][:3] == ["no-advantage", "almost-the-same-loss", "power-laws"]
    assert all(claim.statement_ja for claim in claims)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", above: 0.0", "", "claims.0.assertions.0: .*an assertion without a threshold says nothing"),
        ("file: fits", "file: figures", "claims.0.assertions.0.quantity: .*'comparison', 'fits', 'strangers'"),
        ("parameters.exponent", "__import__('os')", "claims.0.assertions.0.quantity.fits.number: .*pattern"),
        ("statement: It falls.", "", "claims.0.statement: Field required"),
        ("id: one", "id: One Claim", "claims.0.id: .*pattern"),
        ("claims:", "claim:", "claims: Field required"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(UserError, match=f"mine.yaml: .*{message}"):
        read_claims(path)


def test_two_claims_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD + GOOD.split("\n", 1)[1])
    with pytest.raises(UserError, match="two claims have the id one"):
        read_claims(path)
