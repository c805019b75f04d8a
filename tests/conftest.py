"""Fixtures shared by all tests: where ground truth lies, and what happens where it does not."""

import os
import signal
from pathlib import Path

import pytest
from harness import skip_or_fail

REPOSITORY = Path(__file__).resolve().parents[1]

# `nohup make test &` starts with Ctrl-C ignored, and so would all processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # It also ignores a lost terminal, which tests must survive; what they start must be able to hear of one.
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of recorded GPT-NeoX runs and real text, or skip with a line that says what went unchecked."""
    place = Path(os.environ.get("TENBIN_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not (place / "neox_golden" / "README.md").is_file():
        skip_or_fail("golden", "recordings of GPT-NeoX not found ($TENBIN_SHARED): agreement with it was not checked")
    return place
