"""What Snakemake starts for a job on its own machine: it has the worker run the job, and ends as the job ends.

Signals that reach this process are passed on to the job. Those of its process group reach the job directly: the job is
in that group, and this process leaves it, lest the job get them twice. Killed outright, it takes the job with it, for
the worker sees the connection end; the kernel ends the job if the worker is killed.
"""

import os
import resource
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tenbin.errors import fail
from tenbin.warm.protocol import CALL, FORWARDED, Request, address, is_of_this_user, send_request

SCRIPTS = Path(__file__).parents[3] / "scripts"
WORKER = Path(__file__).with_name("worker.py")
LISTENER = 3
"""Number of the worker's listening socket."""


class ColdStartError(Exception):
    """No worker runs this job; the message says why."""


class Job:
    """A connection to the worker over which one job runs."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._received: list[int] = []

    def run(self, request: Request) -> int:
        """Return how the job ended, as wait(2) gives it. Raises ColdStartError if it did not begin."""
        try:
            send_request(self._connection, request)
            self._listen()
            answer, _, reason = self._lines.readline().decode().strip().partition(" ")
        except OSError as error:
            raise ColdStartError(f"the warm worker cannot be reached ({error})") from error
        if answer != "started":
            raise ColdStartError(reason or "the warm worker has ended")
        _leave_group()
        return self._wait()

    def die_of_signals(self) -> None:
        """End by the first signal that came while the job had not begun, if one did."""
        for number in self._received:
            end_by(number)

    def _listen(self) -> None:
        """From here on the worker knows what to do with signals; those that are ignored stay so."""
        for number in FORWARDED:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                signal.signal(number, self._forward)

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(number)
        try:
            self._connection.send(bytes([number]))
        except OSError:
            # The job has ended, or the worker: the next line says which.
            return

    def _wait(self) -> int:
        try:
            word, _, status = self._lines.readline().decode().strip().partition(" ")
        except OSError:
            word, status = "", ""
        if word != "ended":
            fail("the warm worker was killed, and this job with it: start again; TENBIN_WARM=0 does without a worker")
        return int(status)


def main() -> None:
    """Run the program of this launcher's name, warm if possible."""
    script = SCRIPTS / Path(sys.argv[0]).name
    call, _, prefix = os.environ.get(CALL, "").partition(" ")
    # In another Python environment than Snakemake's, one made by conda say, the imports are others.
    if prefix != sys.prefix:
        start_cold(script)
    job = None
    try:
        job = Job(connect(address(call, os.environb)))
        status = job.run(describe(script))
    except ColdStartError as reason:
        if job:
            job.die_of_signals()
        print(f"tenbin: this job starts cold: {reason}", file=sys.stderr, flush=True)
        start_cold(script)
    end_as(status)


def describe(script: Path) -> Request:
    """Return this process as a job of a program."""
    umask = os.umask(0)
    os.umask(umask)
    return Request(str(script), sys.argv[1:], dict(os.environb), umask, os.getpgrp())


def connect(place: bytes) -> socket.socket:
    """Return a connection to the worker at an address, started if there is none.

    Of several clients that find none, the one that gets hold of the address starts it. Raises ColdStartError if
    another user listens there, or nobody in the end.
    """
    for _ in range(3):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(place)
        except ConnectionRefusedError:
            connection.close()
            start_worker(place)
            continue
        if not is_of_this_user(connection):
            connection.close()
            raise ColdStartError("another user listens at the address of the warm worker")
        return connection
    raise ColdStartError("the warm worker could not be started")


def start_worker(place: bytes) -> None:
    """Start a worker that listens at an address, in a process group of its own; nothing if somebody listens there."""
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(place)
        except OSError:
            return
        listener.listen()
        null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(LISTENER)]
        inherited = (os.POSIX_SPAWN_DUP2, listener.fileno(), LISTENER)
        command = [sys.executable, str(WORKER), str(SCRIPTS)]
        os.posix_spawn(sys.executable, command, os.environb, file_actions=[inherited, *null], setpgroup=0)


def start_cold(script: Path) -> NoReturn:
    """Become the program itself."""
    os.execv(sys.executable, [sys.executable, str(script), *sys.argv[1:]])  # noqa: S606  # there is no shell


def end_as(status: int) -> NoReturn:
    """End as another process ended, by the same signal if by one."""
    if os.WIFSIGNALED(status):
        # The job itself has left its core file.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        end_by(os.WTERMSIG(status))
    sys.exit(os.WEXITSTATUS(status))


def end_by(number: int) -> NoReturn:
    """End by a signal."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)


def _leave_group() -> None:
    """Leave the process group to the job; its leader cannot."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
