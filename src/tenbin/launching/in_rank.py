"""What every rank runs first: tie it to its launcher, make its lines whole, then become the program.

The ranks of a node share one log. A line that is printed in one piece goes there in one write, so that lines of
several ranks never mix. Python does that on stderr by itself, on a stdout that is no terminal only when told to.
"""

import io
import os
import runpy
import signal
import sys
from pathlib import Path

from tenbin.launching.commands import AGENT
from tenbin.launching.death import end_with_parent


def main() -> None:
    """Run the program of the arguments, `-m module ...` or `script.py ...`, as `python -P` and `python` do."""
    end_with_parent(signal.SIGKILL, int(os.environ[AGENT]))
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=True)
    _become(sys.argv[1:])


def _become(program: list[str]) -> None:
    if program[0] == "-m":
        sys.argv = program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = program
    sys.path.insert(0, str(Path(program[0]).resolve().parent))
    runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main()
