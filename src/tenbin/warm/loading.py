"""What a worker has imported, for whom, and whether its source is still the same.

A program's imports are read from its source. So a worker imports nothing that a cold job of the same program would not,
and that once. What a program imports only on its way is listed here.
"""

import ast
import gc
import os
import sys
from importlib import import_module
from pathlib import Path

IMPORTED_LATE = {
    "draw_weights.py": ("safetensors.numpy",),
    # pyarrow asks pandas about the first array it is given: a seventh of a second.
    "score_run.py": ("pandas", "pyarrow.pandas_compat"),
    "train_segment.py": ("tenbin.training.takeover", "tenbin.training.single"),
}
OF_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Variables that keep numpy and pyarrow from starting threads at import: those would be missing after a fork."""
PACKAGE = __name__.partition(".")[0]


class Imports:
    """The modules that this process holds for the jobs it forks."""

    def __init__(self) -> None:
        self._programs: set[str] = set()
        self._sources = _stat_sources()

    def load(self, program: str) -> None:
        """Import what a program needs, unless that is done.

        What cannot be imported is left to the job, which meets the same error and reports it.
        """
        if program in self._programs:
            return
        self._programs.add(program)
        try:
            _run_imports(program)
            for module in IMPORTED_LATE.get(Path(program).name, ()):
                import_module(module)
        except (Exception, SystemExit):
            return
        finally:
            self._sources = _stat_sources() | self._sources
            # Objects that the collector leaves alone stay shared with forked processes.
            gc.freeze()

    def unfit(self) -> str | None:
        """Return why no process should be forked from this one, None if it may."""
        if any(_stat(path) != known for path, known in self._sources.items()):
            return f"the source of {PACKAGE} has changed since the warm worker imported it"
        threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208
        return f"its imports started {threads - 1} thread(s), which a fork would lose" if threads > 1 else None


def _run_imports(program: str) -> None:
    """Run the import statements of a program, and nothing else of it."""
    parsed = ast.parse(Path(program).read_bytes(), program)
    parsed.body = [statement for statement in parsed.body if isinstance(statement, ast.Import | ast.ImportFrom)]
    exec(compile(parsed, program, "exec"), {})  # noqa: S102


def _stat_sources() -> dict[str, tuple[int, int]]:
    modules = [module for name, module in [*sys.modules.items()] if name.partition(".")[0] == PACKAGE]
    files = {file for module in modules if (file := getattr(module, "__file__", None))}
    return {file: _stat(file) for file in files}


def _stat(path: str) -> tuple[int, int]:
    """Return time of change in nanoseconds and bytes of a file; of one that is gone nothing that a file can have."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return (-1, -1)
    return (status.st_mtime_ns, status.st_size)
