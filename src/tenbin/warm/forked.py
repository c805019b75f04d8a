"""A process that was forked for a job becomes what its client would have become: the program, as if started by itself.

It takes over the client's streams, folder, environment, umask and arguments, and runs the program as `__main__`.
"""

import atexit
import builtins
import os
import signal
import sys
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from tenbin.launching.death import end_with_parent
from tenbin.warm.protocol import STREAMS, Request

SCRIPT_PATH = 0
"""Index in `sys.path` of the folder of the program."""
Signals = dict[int, Any]
"""Dispositions of signals by number."""


class Forked:
    """A job in a process of its own, from the fork on."""

    def __init__(self, request: Request, files: list[int], worker: int) -> None:
        self._request = request
        self._files = files
        self._worker = worker

    def become_the_job(self, signals: Signals) -> None:
        """Take over what the client has; `signals` are the dispositions that the job begins with."""
        end_with_parent(signal.SIGKILL, self._worker)
        *streams, folder = self._files
        for stream, number in zip(streams, STREAMS, strict=True):
            os.dup2(stream, number)
        os.fchdir(folder)
        for file in self._files:
            os.close(file)
        os.umask(self._request.umask)
        os.environb.clear()
        os.environb.update(self._request.environment)
        for number, disposition in signals.items():
            signal.signal(number, disposition)

    def run(self) -> None:
        """Run the program; return when it has come to its end, raise what it raises."""
        program = Path(self._request.program)
        sys.argv = [self._request.program, *self._request.arguments]
        sys.path[SCRIPT_PATH] = str(program.parent)
        sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
        sys.excepthook = _print_from_the_program_on
        _seed_anew()
        main = _main_module(program)
        code = compile(program.read_bytes(), self._request.program, "exec")
        exec(code, main.__dict__)  # noqa: S102


class Leaving:
    """Ends a process that did its work without taking its modules down: a fifth of a second, with torch.

    As the first function registered with `atexit` it is the last one called: threads have ended, and whatever else was
    to be done at exit is done.
    """

    def __init__(self) -> None:
        self.succeeded = False
        atexit.register(self._leave)

    def _leave(self) -> None:
        if self.succeeded:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _seed_anew() -> None:
    """Draw seeds from the system, as these modules do when they are imported; Python does so by itself after a fork."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()


def _main_module(program: Path) -> ModuleType:
    """Return a module with what `python program` puts into `__main__`."""
    main = ModuleType("__main__")
    main.__dict__.update(__file__=str(program), __builtins__=builtins, __cached__=None, __annotations__={})
    sys.modules["__main__"] = main
    return main


def _print_from_the_program_on(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback without the worker's own frames, as the program alone would leave it."""
    while trace and trace.tb_frame.f_globals is not vars(sys.modules["__main__"]):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)
