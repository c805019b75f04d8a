import pytest

from tenbin.corpora import retries
from tenbin.corpora.retries import UnreachableError, retry
from tenbin.errors import UserError


@pytest.fixture
def waits(monkeypatch):
    waited = []
    monkeypatch.setattr(retries.time, "sleep", waited.append)
    return waited


def test_a_fetch_that_recovers_returns_its_result(waits, capsys):
    answers = iter([UnreachableError("status 503"), UnreachableError("status 503"), None])

    def fetch():
        if error := next(answers):
            raise error
        return "content"

    assert retry(fetch, "a.txt") == "content"
    assert waits == [1, 4]
    assert "a.txt: status 503; trying again in 4 s" in capsys.readouterr().err


def test_a_fetch_that_never_recovers_names_what_was_wanted(waits):
    def fetch():
        raise UnreachableError("no answer")

    with pytest.raises(UserError, match=r"a\.txt could not be fetched in 4 attempts: no answer"):
        retry(fetch, "a.txt")
    assert waits == [1, 4, 16]
