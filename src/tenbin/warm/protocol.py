"""Where a client and its worker meet, and what they say.

The place is a Unix socket in Linux's abstract namespace: it is no file, and it goes with the process that listens. Any
user may connect there, so both sides look at the other's user (`is_of_this_user`). A client sends one request, with
its standard streams and its folder as open files, then a byte for each signal that it receives. The worker answers in
lines: `started`, or `refused REASON`; after a start `ended STATUS`, as wait(2) gives it.

Clients load this module at every job: it imports little.
"""

import binascii
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

CALL = "TENBIN_SNAKEMAKE"
"""Variable of jobs: the process of the Snakemake call that they are of, and the Python environment it runs in."""
OF_ONE_PROCESS = frozenset((b"_", b"PWD", b"OLDPWD", b"SHLVL"))
"""Variables that shells change and no library reads at import: they may differ between a job and its worker."""
FAULTS = frozenset((signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS))
FORWARDED = sorted(
    signal.valid_signals()
    - FAULTS
    - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGWINCH, signal.SIGURG}
)
"""Signals that a client passes on to its job."""
HEADER = struct.Struct("!Q")
STREAMS = (0, 1, 2)
PEER = struct.Struct("3i")


class Request(NamedTuple):
    """A job as its client was started."""

    program: str
    """Path of the program."""
    arguments: list[str]
    environment: dict[bytes, bytes]
    umask: int
    group: int
    """The process group of the client, which the job joins in its stead."""


def name_call() -> str:
    """Return the value of $TENBIN_SNAKEMAKE for the jobs of this process."""
    return f"{_name_process(os.getpid())} {sys.prefix}"


def open_call(value: str) -> int:
    """Return a handle of the process that $TENBIN_SNAKEMAKE names; it becomes readable when the process ends.

    Raises ProcessLookupError if it has ended.
    """
    name = value.partition(" ")[0]
    pid = int(name.partition("-")[0])
    handle = os.pidfd_open(pid)
    if _name_process(pid) != name:
        raise ProcessLookupError(f"{name} has ended")
    return handle


def _name_process(pid: int) -> str:
    """Return a name that no other process of this boot has: its number and its start in clock ticks (proc(5))."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return f"{pid}-{stat.rpartition(')')[2].split()[19]}"


def address(call: str, environment: Mapping[bytes, bytes]) -> bytes:
    """Return where the worker listens for jobs of a Snakemake call that share interpreter, source and environment.

    `call` is the process of $TENBIN_SNAKEMAKE.
    """
    shared = (
        sys.executable,
        __file__,
        str(Path("/proc/self/ns/mnt").readlink()),
        sorted(shared_part(environment).items()),
    )
    return f"\0tenbin-{call}-{os.getsid(0)}-{binascii.crc32(repr(shared).encode()):08x}".encode()


def shared_part(environment: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the variables in which a job and its worker agree."""
    return {name: value for name, value in environment.items() if name not in OF_ONE_PROCESS}


def is_of_this_user(connection: socket.socket) -> bool:
    """Whether the process at the other end runs as the user of this one."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return int(PEER.unpack(credentials)[1]) == os.getuid()


def send_request(connection: socket.socket, request: Request) -> None:
    """Send a request with this process's standard streams and folder. Raises OSError if one of them is closed."""
    folder = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    message = _pack(request)
    try:
        sent = socket.send_fds(connection, [message], [*STREAMS, folder])
    finally:
        os.close(folder)
    if sent < len(message):
        connection.sendall(message[sent:])


def receive_request(connection: socket.socket) -> tuple[Request, list[int]]:
    """Return a request and its open files: standard input, output, error, and the folder.

    Raises OSError if the other end does not say all of it.
    """
    begin, files, _, _ = socket.recv_fds(connection, HEADER.size, len(STREAMS) + 1)
    if len(begin) < HEADER.size or len(files) != len(STREAMS) + 1:
        for file in files:
            os.close(file)
        raise ConnectionError("the client sent no whole request")
    body = bytearray()
    length = HEADER.unpack(begin)[0]
    while len(body) < length:
        part = connection.recv(length - len(body))
        if not part:
            raise ConnectionError("the client sent no whole request")
        body += part
    return _unpack(bytes(body)), files


def _pack(request: Request) -> bytes:
    """No argument and no variable holds a zero byte."""
    program, arguments, environment, umask, group = request
    words = [program, str(umask), str(group), str(len(arguments)), *arguments]
    variables = (name + b"=" + value for name, value in environment.items())
    body = b"\0".join((*map(os.fsencode, words), *variables))
    return HEADER.pack(len(body)) + body


def _unpack(body: bytes) -> Request:
    program, umask, group, count, *rest = body.split(b"\0")
    arguments, variables = rest[: int(count)], rest[int(count) :]
    environment = {name: value for name, _, value in (variable.partition(b"=") for variable in variables)}
    return Request(os.fsdecode(program), [*map(os.fsdecode, arguments)], environment, int(umask), int(group))
