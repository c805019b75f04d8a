"""Start of every emulated program, `main.py pjstat ...`, and of supervisors, `main.py supervise <folder> <id> <token>`.

The programs import little and parse by hand: a campaign runs them thousands of times.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

PACKAGE = "emulators.pjm"
MODULES = {
    "pjsub": "pjsub",
    "pjstat": "pjstat",
    "pjdel": "pjdel",
    "pjwait": "pjwait",
    "pjhold": "holding",
    "pjrls": "holding",
}


def main() -> None:
    """Run what the first word names."""
    name, *words = sys.argv[1:]
    if name == "supervise":
        import_module(f"{PACKAGE}.supervisor").supervise(Path(words[0]), int(words[1]), words[2])
        return
    # An interrupted program dies at once and says nothing, as a C program does.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    run = import_module(f"{PACKAGE}.command").run
    os._exit(run(name, import_module(f"{PACKAGE}.{MODULES[name]}").answer, words))


if __name__ == "__main__":
    main()
