"""Abbreviated commits are completed by the hub's own list of commits."""

from emulators.hub.conftest import assert_refused
from emulators.hub.server import COMMIT

from tenbin.files import read_json

FILE = "valid.jsonl"


def test_an_abbreviated_commit_is_completed_and_recorded_whole(hub, fetch):
    hub.files[FILE] = b'{"text": "a"}\n'
    finished = fetch(FILE, revision=COMMIT[:7])
    assert finished.returncode == 0, finished.stderr
    assert read_json(fetch.record)["revision"] == COMMIT


def test_an_abbreviation_of_two_commits_is_refused(hub, fetch):
    hub.files[FILE] = b"{}"
    assert_refused(fetch(FILE, revision=COMMIT[:4]), "2 commits begin with 0123; give `revision` whole")


def test_an_abbreviation_of_no_commit_is_refused(hub, fetch):
    hub.files[FILE] = b"{}"
    assert_refused(fetch(FILE, revision="abcdef0"), "no commit begins with abcdef0; give `revision` whole")


def test_a_repository_that_is_not_there_is_named(hub, fetch):
    assert_refused(fetch(FILE, name="no/such", revision=COMMIT[:7]), "the hub has no dataset no/such")
