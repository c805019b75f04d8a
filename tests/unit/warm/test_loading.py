"""What a worker imports for a program, and when it may no longer fork."""

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tenbin.warm.loading import IMPORTED_LATE, Imports


def test_only_the_imports_of_a_program_are_run(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_module.py").write_text("")
    (tmp_path / "program.py").write_text("import some_module\nraise SystemExit(some_module)\n")
    Imports().load(str(tmp_path / "program.py"))
    assert sys.modules.pop("some_module")


@pytest.mark.parametrize("text", ["import absent_module", "x = = 1", "from tenbin import absent_name"])
def test_what_cannot_be_imported_is_left_to_the_job(tmp_path, text):
    (tmp_path / "program.py").write_text(text)
    imports = Imports()
    imports.load(str(tmp_path / "program.py"))
    assert imports.unfit() is None or "thread" in imports.unfit()


def test_a_changed_source_makes_unfit(tmp_path, monkeypatch):
    module = tmp_path / "module.py"
    module.write_text("")
    monkeypatch.setitem(sys.modules, "tenbin.invented", type(sys)("tenbin.invented"))
    sys.modules["tenbin.invented"].__file__ = str(module)
    imports = Imports()
    os.utime(module, ns=(1, 1))
    assert "has changed" in imports.unfit()
    module.unlink()
    assert "has changed" in imports.unfit()


def test_a_thread_makes_unfit():
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    assert "thread(s)" in Imports().unfit()
    ended.set()
    thread.join()


def test_late_imports_are_those_of_scripts_that_exist(repository: Path):
    for program, modules in IMPORTED_LATE.items():
        assert (repository / "scripts" / program).is_file()
        for module in modules:
            assert importlib.import_module(module)


def test_a_score_job_finds_pandas_imported(repository: Path):
    """pyarrow would import it with the first array, in every job anew."""
    program = """if True:
        import sys
        from tenbin.warm.loading import Imports

        Imports().load("scripts/score_run.py")
        import numpy
        import pyarrow

        before = set(sys.modules)
        pyarrow.table({"nats": pyarrow.array(numpy.zeros(2))})
        print(len(set(sys.modules) - before))
    """
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, check=True, capture_output=True, text=True
    )
    assert int(printed.stdout) <= 1
