"""Child processes: none is left, none can hold up Snakemake, and a terminal's Ctrl-C reaches none."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import living, wait_for, wait_until_gone

from snakemake_executor_plugin_pjm.child import Ending, run_child

INTERRUPTED = """
import sys, threading
from snakemake_executor_plugin_pjm.child import run_child
with open(sys.argv[1], "wb") as output:
    try:
        ending = run_child(["bash", "-c", "echo began; sleep 1; echo done"], 60, threading.Event(), output, output)
    except KeyboardInterrupt:
        ending = "interrupted"
print(ending)
"""
IN_A_THREAD = """
import sys, threading
from snakemake_executor_plugin_pjm.child import run_child
ended = threading.Event()
def run():
    with open(sys.argv[1], "wb") as output:
        print(run_child(["bash", "-c", "echo began; sleep 1; echo done"], 60, threading.Event(), output, output))
    ended.set()
threading.Thread(target=run).start()
while not ended.is_set():
    try:
        ended.wait()
    except KeyboardInterrupt:
        print("interrupted")
"""


def run(line: str, limit_s: float = 60.0, stop: threading.Event | None = None) -> Ending:
    return run_child(["bash", "-c", line], limit_s, stop or threading.Event())


def zombies() -> set[str]:
    """Return this process's children that have ended and were not waited for."""
    found = set()
    for entry in Path("/proc").iterdir():
        # Other processes may end while we look.
        with contextlib.suppress(OSError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if (state, parent) == ("Z", str(os.getpid())):
                found.add(entry.name)
    return found


def test_status_and_both_streams_are_kept():
    assert run("echo out; echo err >&2; exit 3") == Ending(3, "it ended with status 3", "out\n", "err\n")


def test_streams_may_be_sent_into_files(tmp_path):
    with (tmp_path / "out").open("wb") as output, (tmp_path / "err").open("wb") as errors:
        ending = run_child(["bash", "-c", "echo out; echo err >&2"], 60, threading.Event(), output, errors)
    assert ending == Ending(0, "it ended with status 0")
    assert ((tmp_path / "out").read_text(), (tmp_path / "err").read_text()) == ("out\n", "err\n")


def test_long_answers_on_both_streams_are_whole():
    ending = run("seq 300000 & seq 300000 >&2; wait")
    assert ending.output == ending.errors == "".join(f"{number}\n" for number in range(1, 300_001))


def test_a_signal_is_told_from_a_status():
    assert run("kill -9 $$") == Ending(-9, "it was ended by signal 9")


def test_after_its_time_a_program_and_all_it_started_are_killed():
    began = time.monotonic()
    ending = run("echo said; sleep 987.1 & sleep 987.1; true", limit_s=0.3)
    assert time.monotonic() - began < 3
    assert ending == Ending(None, "it gave no answer within 0.3 s", "said\n")
    wait_until_gone("sleep\x00987.1")


def test_a_program_that_never_stops_talking_is_killed_in_time():
    began = time.monotonic()
    assert run("yes", limit_s=0.3).status is None
    assert time.monotonic() - began < 3


def test_no_zombie_is_left():
    earlier = zombies()
    run("sleep 987.2", limit_s=0.1)
    run("true")
    assert zombies() <= earlier


def test_what_stays_behind_does_not_hold_up_an_answer():
    began = time.monotonic()
    ending = run("(trap '' TERM; sleep 987.3) & echo answer")
    assert (ending.status, ending.output) == (0, "answer\n")
    assert time.monotonic() - began < 3
    for pid in living("sleep\x00987.3"):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_program_that_may_not_be_killed_is_left_alone(monkeypatch):
    def refuse(*_):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", refuse)
        patch.setattr("snakemake_executor_plugin_pjm.child.KILL_LIMIT_S", 0.1)
        assert run("echo said; exec sleep 0.87", limit_s=0.2).output == "said\n"
    wait_until_gone("sleep\x000.87")


def test_another_thread_can_stop_it_at_once():
    stop = threading.Event()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    began = time.monotonic()
    ending = run("sleep 987.4", stop=stop)
    timer.join()
    assert ending == Ending(None, "it was stopped")
    assert time.monotonic() - began < 1.2
    wait_until_gone("sleep\x00987.4")


@pytest.fixture
def open_input() -> Iterator[None]:
    """Have this process's standard input be a pipe that never ends, as a terminal's does not."""
    saved, (reader, writer) = os.dup(0), os.pipe()
    os.dup2(reader, 0)
    yield
    os.dup2(saved, 0)
    for end in (saved, reader, writer):
        os.close(end)


@pytest.mark.usefixtures("open_input")
def test_it_reads_no_input():
    assert run("cat; echo end", limit_s=10.0).output == "end\n"


@pytest.mark.parametrize(("program", "said"), [(INTERRUPTED, "interrupted"), (IN_A_THREAD, "status=0")])
def test_ctrl_c_reaches_snakemake_and_no_child(program, said, tmp_path):
    """Waited for in the main thread, the child is ended by us; in another thread it goes on to its end."""
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    wait_for(tmp_path / "out", "began")
    os.killpg(parent.pid, signal.SIGINT)
    output, _ = parent.communicate(timeout=60)
    assert said in output
    assert "interrupted" in output
    assert ("done" in (tmp_path / "out").read_text()) is (said == "status=0")
