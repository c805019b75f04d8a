"""Become another program that ends when the process ends that started it, and not by what batch systems send."""

import os
import signal
import sys

from tenbin.launching.commands import AGENT
from tenbin.launching.death import end_with_parent, leave_signals_to_the_job


def main() -> None:
    """Arguments: the parent's process id, the signal to get at its end, the program."""
    parent, number, *program = sys.argv[1:]
    end_with_parent(signal.Signals[number], int(parent))
    leave_signals_to_the_job()
    os.execvpe(program[0], program, os.environ | {AGENT: str(os.getpid())})  # noqa: S606  # there is no shell


if __name__ == "__main__":
    main()
