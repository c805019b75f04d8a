"""The worker: imports what programs need, forks a process for each job, and tells its client how it ended.

It has one thread, and no job's code runs in it. It is of one Snakemake call: it takes no job after that call has ended,
however it did, and leaves with the last job that goes on. It also leaves after a while without jobs, or when the source
that it imported has changed; the next job then starts another one.
"""

import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

if __name__ == "__main__":
    # As in a cold job, and nothing is looked for in the folder of this file.
    sys.path[0] = sys.argv[1]

from tenbin.warm.forked import Forked, Leaving, Signals
from tenbin.warm.loading import OF_ONE_THREAD, Imports
from tenbin.warm.protocol import (
    CALL,
    FORWARDED,
    Request,
    is_of_this_user,
    open_call,
    receive_request,
    shared_part,
)

IDLE_S = 60.0
"""Seconds without a job after which a worker ends."""
REQUEST_S = 10.0
"""Seconds in which a client must have sent its request."""
LISTENER = 3
"""Number of the inherited socket at which it listens."""


Event = Callable[[], "Forked | None"]


class Job:
    """A forked process, and the client that waits for it."""

    def __init__(self, pid: int, client: socket.socket) -> None:
        self.client = client
        self.handle = os.pidfd_open(pid)
        self._pid = pid

    def hear_client(self) -> bool:
        """Pass signals on to the process; kill it if the client is gone, and return whether it is there."""
        try:
            numbers = self.client.recv(64)
        except OSError:
            numbers = b""
        for number in numbers or [signal.SIGKILL]:
            signal.pidfd_send_signal(self.handle, number)
        return bool(numbers)

    def report_end(self) -> None:
        """Tell the client how the process ended."""
        _, status = os.waitpid(self._pid, 0)
        _tell(self.client, f"ended {status}")
        self.close()

    def close(self) -> None:
        """Close what this process holds of the job."""
        self.client.close()
        os.close(self.handle)


class Worker:
    """Serves the jobs of one Snakemake call, of which `call` is a handle; jobs begin with `signals`."""

    def __init__(self, listener: socket.socket, call: int, signals: Signals) -> None:
        self._listener, self._call, self._signals = listener, call, signals
        self._environment = shared_part(os.environb)
        self._imports = Imports()
        self._jobs: list[Job] = []
        self._open = True
        self._events = selectors.PollSelector()
        self._on(listener, self._accept)
        self._on(call, self._stop)

    def serve(self) -> Forked | None:
        """Fork a process for each job until nothing is left to do. Returns the job in each, and here None."""
        while self._open or self._jobs:
            ready = self._events.select(None if self._jobs else IDLE_S)
            # One at a time: an event may change what else is to be heard.
            event: Event = ready[0][0].data if ready else self._stop
            if forked := event():
                return forked
        return None

    def _accept(self) -> Forked | None:
        client, _ = self._listener.accept()
        client.settimeout(REQUEST_S)
        try:
            if not is_of_this_user(client):
                raise PermissionError
            request, files = receive_request(client)
        except OSError:
            client.close()
            return None
        forked = self._start(client, request, files)
        if not forked:
            for file in files:
                os.close(file)
        return forked

    def _start(self, client: socket.socket, request: Request, files: list[int]) -> Forked | None:
        refusal = self._refusal(request)
        if refusal is None:
            try:
                return self._fork(client, request, files)
            except OSError as error:
                refusal = f"the warm worker cannot fork ({error.strerror})"
        _tell(client, f"refused {refusal}")
        client.close()
        return None

    def _refusal(self, request: Request) -> str | None:
        """Return why a job cannot be run here; a worker that is unfit for one takes none from then on."""
        if shared_part(request.environment) != self._environment:
            return "the warm worker has another environment"
        reason = self._imports.unfit()
        if reason is None:
            self._imports.load(request.program)
            reason = self._imports.unfit()
        if reason:
            self._stop()
        return reason

    def _fork(self, client: socket.socket, request: Request, files: list[int]) -> Forked | None:
        worker = os.getpid()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        try:
            pid = os.fork()
            # In both processes, whichever runs first.
            _join_group(pid, request.group)
            if pid == 0:
                return self._leave_worker(client, Forked(request, files, worker))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        client.settimeout(None)
        job = Job(pid, client)
        self._jobs.append(job)
        self._on(client, lambda: self._hear(job))
        self._on(job.handle, lambda: self._reap(job))
        _tell(client, "started")
        return None

    def _leave_worker(self, client: socket.socket, forked: Forked) -> Forked:
        """Close what is the worker's, in a forked process, and take over what the client has."""
        self._stop()
        client.close()
        for job in self._jobs:
            job.close()
        forked.become_the_job(self._signals)
        return forked

    def _hear(self, job: Job) -> None:
        if not job.hear_client():
            self._events.unregister(job.client)

    def _reap(self, job: Job) -> None:
        for source in (job.client, job.handle):
            with suppress(KeyError):
                self._events.unregister(source)
        self._jobs.remove(job)
        job.report_end()

    def _stop(self) -> None:
        """Take no more jobs."""
        if self._open:
            self._open = False
            self._events.unregister(self._listener)
            self._events.unregister(self._call)
            self._listener.close()
            os.close(self._call)

    def _on(self, source: socket.socket | int, event: Event) -> None:
        self._events.register(source, selectors.EVENT_READ, event)


def main() -> None:
    """Serve; in each forked process run its job."""
    leaving = Leaving()
    # What ends jobs, sent to all processes of a user by batch systems, must not end the worker under them.
    signals: Signals = {number: signal.signal(number, signal.SIG_IGN) for number in FORWARDED}
    signals[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir("/")
    call = open_call(os.environ[CALL])
    worker = Worker(socket.socket(fileno=LISTENER), call, signals)
    os.environ.update(OF_ONE_THREAD)
    forked = worker.serve()
    if forked:
        forked.run()
    leaving.succeeded = True


def _join_group(pid: int, group: int) -> None:
    """Let a job (0: this process) join its client's group.

    It is gone if the client and what started it are; then the client's end is the next event.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, group)


def _tell(client: socket.socket, line: str) -> None:
    """Send a line; whether the client is still there shows when it is listened to."""
    with suppress(OSError):
        client.sendall(f"{line}\n".encode())


if __name__ == "__main__":
    main()
