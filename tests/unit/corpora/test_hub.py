"""What the hub's answers mean; the command itself is tested against a server in tests/emulators/hub."""

import time
from email.utils import formatdate

import pytest
from httpx2 import Headers, Request, Response

from tenbin.corpora.backoff import BusyError
from tenbin.corpora.hub import HubFile, _refusal_by_status, asked_wait_s
from tenbin.corpora.retries import UnreachableError
from tenbin.errors import UserError

FILE = HubFile("tenbin/sentences", "0" * 40, "train/00.jsonl")
ADDRESS = Request("GET", "http://hub.invalid/datasets/tenbin/sentences/resolve/0/train/00.jsonl")


def answer(status: int, redirected: bool = False, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    history = [Response(302, request=ADDRESS)] if redirected else []
    return Response(status, headers=named, request=ADDRESS, history=history)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"RateLimit": '"resolvers";r=0;t=55', "Retry-After": "3"}, 55),
        ({"RateLimit": '"resolvers";r=12;t=55'}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({}, None),
    ],
)
def test_the_time_that_a_server_asks_for_is_read(headers: dict[str, str], wait_s: float | None) -> None:
    assert asked_wait_s(Headers(headers)) == wait_s


def test_a_date_to_come_back_at_is_a_wait() -> None:
    asked = asked_wait_s(Headers({"Retry-After": formatdate(time.time() + 100, usegmt=True)}))
    assert asked is not None
    assert 90 < asked <= 100


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_waited_for(status: int) -> None:
    assert type(_refusal_by_status(answer(status), FILE)) is UnreachableError


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_says_how_long_is_taken_at_its_word(status: int) -> None:
    error = _refusal_by_status(answer(status, Retry_After="7"), FILE)
    assert isinstance(error, BusyError)
    assert error.wait_s == 7


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_by_the_hub_is_the_users_to_mend_but_one_by_its_storage_is_asked_again(status: int) -> None:
    assert isinstance(_refusal_by_status(answer(status), FILE), UserError)
    assert isinstance(_refusal_by_status(answer(status, redirected=True), FILE), UnreachableError)
