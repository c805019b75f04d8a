"""Requests arrive as they were sent, whole or not at all, and addresses differ where jobs must not share a worker."""

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenbin.warm import protocol
from tenbin.warm.protocol import (
    FORWARDED,
    Request,
    address,
    is_of_this_user,
    name_call,
    open_call,
    receive_request,
    send_request,
)

TEXTS = st.binary(max_size=40).map(lambda text: os.fsdecode(text.replace(b"\0", b"")))
NAMES = st.binary(min_size=1, max_size=9).map(lambda name: name.replace(b"\0", b"n").replace(b"=", b"e"))
VARIABLES = st.dictionaries(NAMES, TEXTS.map(os.fsencode))
REQUESTS = st.builds(Request, TEXTS, st.lists(TEXTS), VARIABLES, st.integers(0, 0o777), st.integers(1, 1 << 22))


def exchange(request):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=send_request, args=(ours, request))
        sender.start()
        received, files = receive_request(theirs)
        sender.join()
    for file in files:
        os.close(file)
    return received, len(files)


@settings(deadline=None)
@given(REQUESTS)
def test_a_request_arrives_as_it_was_sent(request):
    assert exchange(request) == (request, 4)


def test_a_request_larger_than_a_sockets_buffer_arrives():
    request = Request("program", ["x" * 3_000_000, ""], {b"NAME": b"=" * 1_000_000}, 0o22, 1)
    assert exchange(request) == (request, 4)


def test_the_folder_is_that_of_the_sender(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send_request(ours, Request("program", [], {}, 0, 1))
        _, files = receive_request(theirs)
    assert Path(f"/proc/self/fd/{files[-1]}").readlink() == tmp_path
    for file in files:
        os.close(file)


@pytest.mark.parametrize("sent", [b"", b"\0\0\0", b"\0" * 7 + b"\x09half"])
def test_half_a_request_is_refused(sent):
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            if sent:
                socket.send_fds(ours, [sent], [0, 1, 2, 0])
        with pytest.raises(ConnectionError, match="no whole request"):
            receive_request(theirs)


def test_an_address_is_of_one_call_and_one_environment():
    shared = address("1-2", {b"A": b"1", b"PWD": b"/here"})
    assert shared == address("1-2", {b"PWD": b"/there", b"A": b"1", b"_": b"x"})
    others = {address("1-3", {b"A": b"1"}), address("1-2", {b"A": b"2"}), address("1-2", {b"A": b"1", b"OMP": b"2"})}
    assert len({shared, *others}) == 4
    assert shared.startswith(b"\0")
    assert len(shared) <= 108


def test_another_users_process_is_told_from_this_users(monkeypatch):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert is_of_this_user(ours)
        monkeypatch.setattr(protocol.os, "getuid", lambda: os.geteuid() + 1)
        assert not is_of_this_user(ours)


def test_a_call_is_opened_by_its_name_while_it_runs():
    handle = os.pidfd_open(os.getpid())
    other = open_call(name_call())
    signal.pidfd_send_signal(other, 0)
    for file in (handle, other):
        os.close(file)


def test_a_call_that_has_ended_is_not_mistaken_for_a_process_of_its_number():
    pid, _, _ = name_call().partition("-")
    with pytest.raises(ProcessLookupError):
        open_call(f"{pid}-1 /usr")
    with subprocess.Popen(["true"]) as ended:
        pass
    with pytest.raises(ProcessLookupError):
        open_call(f"{ended.pid}-1 /usr")


def test_what_stops_jobs_is_forwarded_and_what_cannot_be_caught_is_not():
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGHUP, signal.SIGUSR1} <= set(FORWARDED)
    assert not {signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGCHLD} & set(FORWARDED)
