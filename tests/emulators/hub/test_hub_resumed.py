"""Downloads that are killed, broken off, throttled or overtaken by a change: what is asked for again, and what is kept.

The commands are real processes; the server counts the bytes it sends.
"""

import mmap
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from emulators.hub.conftest import Fetch, assert_refused
from emulators.hub.server import Fault

from tenbin.files import read_json, sha256_file

FILE, OTHER = "train/00.jsonl", "train/01.jsonl"
CONTENT = bytes(range(256)) * 12_000
STOP_BYTES = 1_000_003


def wait_for_bytes(path: Path, size_bytes: int) -> None:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size >= size_bytes):
        assert time.monotonic() < deadline, f"{path} never had {size_bytes} bytes"
        time.sleep(0.02)


def kill(process: subprocess.Popen[str], how: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == -how


def interrupt(fetch: Fetch, file: str = FILE, how: signal.Signals = signal.SIGKILL) -> None:
    """Start a download that stalls after STOP_BYTES, and kill it there."""
    fetch.hub.file_faults = [Fault(stall_bytes=STOP_BYTES)]
    process = fetch.start(file)
    wait_for_bytes(fetch.partial, STOP_BYTES)
    kill(process, how)
    assert fetch.kept() == [".shard.partial", ".shard.partial.json"]


def assert_fetched(fetch: Fetch, finished: subprocess.CompletedProcess[str], content: bytes = CONTENT) -> None:
    assert finished.returncode == 0, finished.stderr
    assert fetch.out.read_bytes() == content
    assert read_json(fetch.record)["files"]["source"]["sha256"] == sha256_file(fetch.out)
    assert fetch.kept() == ["shard", "shard.json"]


def ranges(fetch: Fetch) -> list[str]:
    return [seen.range for seen in fetch.hub.bodies()]


@pytest.mark.parametrize("large_files", [{FILE}, set()])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_after_a_kill_only_the_missing_bytes_are_asked_for(hub, fetch, large_files, how):
    hub.files[FILE], hub.large_files = CONTENT, large_files
    interrupt(fetch, how=how)
    finished = fetch(FILE)
    assert_fetched(fetch, finished)
    assert [seen.sent_bytes for seen in hub.bodies()] == [STOP_BYTES, len(CONTENT) - STOP_BYTES]
    assert ranges(fetch) == ["", f"bytes={STOP_BYTES}-"]
    assert "1.00 MB are here already" in finished.stderr


def test_a_broken_answer_is_resumed_where_it_broke_off(hub, fetch):
    hub.files[FILE], hub.large_files = CONTENT, {FILE}
    hub.file_faults = [Fault(cut_bytes=STOP_BYTES), Fault(cut_bytes=500_001)]
    finished = fetch(FILE)
    assert_fetched(fetch, finished)
    assert ranges(fetch) == ["", f"bytes={STOP_BYTES}-", f"bytes={STOP_BYTES + 500_001}-"]
    assert sum(seen.sent_bytes for seen in hub.bodies()) == len(CONTENT)


def test_a_silent_answer_is_left_after_the_clients_timeout_and_resumed(hub, fetch):
    hub.files[FILE], hub.file_faults = CONTENT, [Fault(stall_bytes=STOP_BYTES)]
    assert_fetched(fetch, fetch(FILE, HF_HUB_DOWNLOAD_TIMEOUT="1"))
    assert ranges(fetch) == ["", f"bytes={STOP_BYTES}-"]


def test_breaks_are_not_counted_while_each_attempt_brings_something(hub, fetch):
    hub.files[FILE], hub.file_faults = CONTENT, [Fault(cut_bytes=100_000) for _ in range(4)]
    assert_fetched(fetch, fetch(FILE, "--attempts", "2"))


def test_a_server_that_sends_no_parts_is_asked_for_the_whole_file_again(hub, fetch):
    hub.files[FILE], hub.sends_ranges = CONTENT, False
    interrupt(fetch)
    finished = fetch(FILE)
    assert_fetched(fetch, finished)
    assert f"the server sends the whole file again; {STOP_BYTES} bytes are fetched anew" in finished.stderr
    assert hub.bodies()[-1].sent_bytes == len(CONTENT)


def test_starting_over_and_over_is_no_progress(hub, fetch):
    hub.files[FILE], hub.sends_ranges = CONTENT, False
    hub.file_faults = [Fault(cut_bytes=STOP_BYTES) for _ in range(3)]
    finished = fetch(FILE, "--attempts", "2")
    assert_refused(finished, "could not be fetched in 2 attempts")
    assert len(hub.bodies()) == 2
    assert fetch.partial.stat().st_size == STOP_BYTES, "what arrived is kept"


@pytest.mark.parametrize("kind", ["file_faults", "metadata_faults"])
def test_a_throttling_hub_is_given_the_time_it_asks_for(hub, fetch, kind):
    hub.files[FILE] = CONTENT
    setattr(hub, kind, [Fault(429, {"Retry-After": "2"})])
    began_s = time.monotonic()
    finished = fetch(FILE)
    assert time.monotonic() - began_s > 2
    assert_fetched(fetch, finished)
    assert "status 429 and asks for 2 s of patience" in finished.stderr


@pytest.mark.parametrize("status", [429, 503])
def test_a_failing_server_is_asked_again_after_a_wait(hub, fetch, status):
    hub.files[FILE], hub.file_faults = CONTENT, [Fault(status)]
    finished = fetch(FILE)
    assert_fetched(fetch, finished)
    assert f"the hub answered with status {status}; trying again in" in finished.stderr


def test_an_expired_address_of_storage_is_asked_for_anew(hub, fetch):
    hub.files[FILE], hub.large_files, hub.file_faults = CONTENT, {FILE}, [Fault(403)]
    finished = fetch(FILE)
    assert_fetched(fetch, finished)
    assert "the hub's storage refused with status 403; trying again" in finished.stderr


def test_a_file_that_changed_on_the_hub_is_fetched_anew(hub, fetch):
    hub.files[FILE], hub.large_files = CONTENT, {FILE}
    interrupt(fetch)
    hub.files[FILE] = CONTENT[::-1]
    finished = fetch(FILE)
    assert_fetched(fetch, finished, CONTENT[::-1])
    assert f"{STOP_BYTES} bytes of another file, revision or version are dropped" in finished.stderr
    assert ranges(fetch) == ["", ""]


def test_a_part_of_another_file_is_not_taken_for_this_one(hub, fetch):
    hub.files = {FILE: CONTENT, OTHER: CONTENT[::-1]}
    interrupt(fetch, OTHER)
    assert_fetched(fetch, fetch(FILE))
    assert ranges(fetch) == ["", ""]


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_content_that_changed_behind_the_pinned_commit_is_refused(hub, fetch, heeds_if_range):
    hub.files[FILE], hub.large_files, hub.heeds_if_range = CONTENT, {FILE}, heeds_if_range
    interrupt(fetch)
    hub.stored[FILE] = CONTENT[::-1]
    finished = fetch(FILE)
    assert_refused(finished, "but the hub states")
    assert hub.bodies()[-1].sent_bytes == len(CONTENT), "the parts of two versions are not mixed"
    assert ("has changed since a part of it was fetched" in finished.stderr) == (not heeds_if_range)
    assert fetch.kept() == []


def test_content_of_another_size_than_the_hub_states_is_not_begun(hub, fetch):
    hub.files[FILE], hub.large_files, hub.stored[FILE] = CONTENT, {FILE}, CONTENT[:-7]
    assert_refused(fetch(FILE, "--attempts", "2"), f"sends {len(CONTENT) - 7} bytes of a file that should have")
    assert fetch.kept() == []


@pytest.mark.parametrize("damage", ["bytes", "note"])
def test_a_damaged_part_never_gets_the_final_name(hub, fetch, damage):
    hub.files[FILE] = CONTENT
    interrupt(fetch)
    damaged = fetch.partial if damage == "bytes" else fetch.note
    content = bytearray(damaged.read_bytes())
    content[40] ^= 1
    damaged.write_bytes(content)
    if damage == "bytes":
        assert_refused(fetch(FILE), "nothing was kept; start again")
        assert fetch.kept() == []
    assert_fetched(fetch, fetch(FILE))


def test_a_whole_file_that_was_not_yet_named_is_not_fetched_again(hub, fetch):
    hub.files[FILE] = CONTENT
    interrupt(fetch)
    with fetch.partial.open("ab") as stream:
        stream.write(CONTENT[STOP_BYTES:])
    assert_fetched(fetch, fetch(FILE))
    assert len(hub.bodies()) == 1


def test_a_second_process_on_the_same_file_is_refused_and_harms_nothing(hub, fetch):
    hub.files[FILE], hub.file_faults = CONTENT, [Fault(stall_bytes=STOP_BYTES)]
    first = fetch.start(FILE, HF_HUB_DOWNLOAD_TIMEOUT="60")
    wait_for_bytes(fetch.partial, STOP_BYTES)
    assert_refused(fetch(FILE), "another process is fetching this file")
    assert first.poll() is None, "the first should still be at it"
    hub.go_on.set()
    _, printed = first.communicate(timeout=60)
    assert_fetched(fetch, subprocess.CompletedProcess(first.args, first.returncode, "", printed))
    assert len(hub.bodies()) == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(hub, fetch, tmp_path):
    size_bytes = 300 << 20
    with (tmp_path / "sparse").open("w+b") as sparse:
        sparse.truncate(size_bytes)
        hub.files = {FILE: b"small", OTHER: mmap.mmap(sparse.fileno(), size_bytes, access=mmap.ACCESS_READ)}
        hub.large_files = {FILE, OTHER}
        peaks_kib = [peak_memory_kib(fetch.start(file)) for file in (FILE, OTHER)]
        assert fetch.out.stat().st_size == size_bytes
    assert peaks_kib[1] - peaks_kib[0] < 16 << 10, peaks_kib


def peak_memory_kib(process: subprocess.Popen[str]) -> int:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    printed = process.stderr.read() if process.stderr else ""
    process.communicate()
    assert process.returncode == 0, printed
    return usage.ru_maxrss
