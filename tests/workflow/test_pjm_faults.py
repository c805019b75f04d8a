"""A few random faults over training jobs; `make faults` has a hundred."""

from pathlib import Path

import pytest
from campaigns.faults import run_campaign

pytestmark = pytest.mark.slow

FAULTS, SEED = 5, 38
"""Among them Ctrl-C, kill -9 and a node that fails; none of those that cost a minute."""


def test_a_few_faults_lose_nothing_and_leave_nothing(tmp_path: Path) -> None:
    outcome = run_campaign(tmp_path, FAULTS, SEED)
    assert outcome.clean, str(outcome)
    assert outcome.faults.total() == FAULTS
