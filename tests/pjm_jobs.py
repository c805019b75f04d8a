"""Tracked jobs and a stand-in for PJM's commands, for tests of what is done with their answers."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from snakemake_executor_plugin_pjm.commands import StatusUnknown
from snakemake_executor_plugin_pjm.deletion import DeleteOutcome
from snakemake_executor_plugin_pjm.job_folder import JobFolder
from snakemake_executor_plugin_pjm.names import new_submission
from snakemake_executor_plugin_pjm.request import Request
from snakemake_executor_plugin_pjm.status import JobStatus, Phase
from snakemake_executor_plugin_pjm.tracked import Tracked


def tracked_job(folder: Path, job_id: str | None = None) -> Tracked:
    """Return a job with a folder of its own, handed over if it is given an id."""
    submission = new_submission("train", "target", "work")
    request = Request("train", submission.name, "share", 60, 1, (f"-N {submission.name}",))
    job_folder = JobFolder(folder / submission.uuid)
    job_folder.path.mkdir()
    info = SubmittedJobInfo(SimpleNamespace(jobid=7, name="train"))
    tracked = Tracked(info, request, "true", (), "work", submission, job_folder)
    if job_id:
        tracked.handed_over(job_id)
    return tracked


class Said:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str) -> None:
        self.lines.append(message)

    warning = info


class ScriptedPjm:
    """Gives the answers that a test puts in, one a call; the last one for ever."""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self.answers = {name: list(given) for name, given in answers.items()}
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def _answer(self, name: str, asked: Sequence[str]) -> Any:
        self.asked.append((name, tuple(asked)))
        given = self.answers.get(name, [{}])
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def live(self, ids: Sequence[str]) -> Any:
        return self._answer("live", ids)

    def history(self, ids: Sequence[str]) -> Any:
        return self._answer("history", ids)

    def find_by_name(self, names: Sequence[str]) -> Any:
        return self._answer("find_by_name", names)

    def delete(self, ids: Sequence[str]) -> Any:
        refused = self._answer("delete", ids)
        return DeleteOutcome(dict.fromkeys(ids, refused) if refused else {})

    def submit(self, folder: JobFolder, options: Sequence[str]) -> Any:
        return self._answer("submit", [folder.path.name, *options])

    def count(self, *names: str) -> int:
        return sum(name in names for name, _ in self.asked)


def running(*ids: str) -> dict[str, JobStatus]:
    return {job_id: JobStatus(job_id, "", "RUN", Phase.RUNNING) for job_id in ids}


def over(job_id: str, **facts: Any) -> dict[str, JobStatus]:
    return {job_id: JobStatus(job_id, "", "EXT", Phase.ENDED, **facts)}


AWAY = StatusUnknown("[ERR.] PJM 0290 pjstat PJM daemon is not present.")
