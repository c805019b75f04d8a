"""A small checkout with programs of a test's own, and a stand-in for the Snakemake call that its jobs are of."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from types import TracebackType

from processes import living, wait_until_gone

NEEDED = ("__init__.py", "errors.py", "launching/death.py")
Ended = tuple[int, str, str]


class Calls:
    """Starts programs warm and cold; leaving the context ends the Snakemake call and waits for its workers' end."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder = folder
        self.package = folder / "src" / "tenbin"
        self.scripts = folder / "scripts"
        shutil.copytree(repository / "src" / "tenbin" / "warm", self.package / "warm", symlinks=True)
        for name in NEEDED:
            (self.package / name).parent.mkdir(exist_ok=True)
            shutil.copy2(repository / "src" / "tenbin" / name, self.package / name)
        self.scripts.mkdir()
        self.call = subprocess.Popen(["sleep", "600"])
        stat = Path(f"/proc/{self.call.pid}/stat").read_text()
        self.name = f"{self.call.pid}-{stat.rpartition(')')[2].split()[19]} {sys.prefix}"

    def __enter__(self) -> "Calls":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.call.kill()
        self.call.wait()
        wait_until_gone(str(self.worker))

    @property
    def worker(self) -> Path:
        """Return the worker's program, which the command lines of workers and of what they forked name."""
        return self.package / "warm" / "worker.py"

    def processes(self) -> list[int]:
        """Return the workers and what they forked."""
        return living(str(self.worker))

    def write(self, name: str, text: str) -> None:
        """Write a program, and the launcher of its name."""
        (self.scripts / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        launcher = self.package / "warm" / "programs" / f"{name}.py"
        if not launcher.exists():
            launcher.symlink_to("launch.py")

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment that Snakemake gives to jobs."""
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        return os.environ | threads | {"PYTHONPATH": str(self.folder / "src"), "TENBIN_SNAKEMAKE": self.name} | more

    def command(self, name: str, *arguments: str, cold: bool = False) -> list[str]:
        """Return the command of a job."""
        folder = self.scripts if cold else self.package / "warm" / "programs"
        return [sys.executable, str(folder / f"{name}.py"), *arguments]

    def start(self, name: str, *arguments: str, cold: bool = False, **more: str) -> subprocess.Popen[str]:
        """Start a job; `more` is added to its environment."""
        return subprocess.Popen(
            self.command(name, *arguments, cold=cold),
            env=self.environment(**more),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, name: str, *arguments: str, cold: bool = False, given: str = "", **more: str) -> Ended:
        """Run a job to its end; return status, output and errors."""
        with self.start(name, *arguments, cold=cold, **more) as job:
            said, errors = job.communicate(given)
        return job.returncode, said, errors
