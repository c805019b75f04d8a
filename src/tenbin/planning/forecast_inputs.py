"""Which runs the largest size is forecast from, and which runs wait for that forecast.

Paths start with Snakemake's path variables (`<results>`), which Snakemake fills in.
"""

from functools import cached_property
from pathlib import Path

from tenbin.errors import UserError, fail
from tenbin.files import canonical_json
from tenbin.planning.run_inputs import RunInputs, run_folder
from tenbin.planning.wildcards import Wildcards
from tenbin.scaling.forecasts import list_begun, restore_index
from tenbin.study.model import Run, Study

LEAST_SMALLER_SIZES = 3
INDEX = "<results>/predictions.json"


class ForecastInputs:
    """Input functions bound to a study. A study of fewer than four sizes has no forecast."""

    def __init__(self, study: Study, runs: RunInputs) -> None:
        self.study = study
        self.runs = runs

    def index(self) -> list[str]:
        """Return the file that names the forecasts, if the study has any."""
        return [INDEX] if self._curves else []

    def before(self, wildcards: Wildcards) -> list[str]:
        """Return what must be written before a training job of the largest size begins.

        A run that had begun when there was no forecast never waits: for the sake of a file that it could not have
        waited for, Snakemake would train it anew.
        Raises UserError if the first forecast is damaged.
        """
        run = self.runs.run(wildcards)
        return self.index() if self._is_forecast(run) and self._folder(run) not in self._begun else []

    def losses(self) -> list[str]:
        """Return the losses of the smaller runs."""
        smaller = [run for run in self._runs_of_curves if not self._is_forecast(run)]
        return [f"{run_folder(run)}/losses/{valid}.json" for valid in self.study.study.valids for run in smaller]

    def target(self) -> str:
        """Return the size that is forecast and its curves, as JSON."""
        largest = self._largest
        said = {"size": largest.size, "n_nonembedding": self._count(largest), "curves": self._curves}
        return canonical_json(said).decode()

    def forecast_runs(self) -> list[str]:
        """Return the folders of the runs that are forecast."""
        return [self._folder(run) for run in self._runs_of_curves if self._is_forecast(run)]

    def _folder(self, run: Run) -> str:
        return run_folder(run).replace("<results>", self.runs.results)

    @cached_property
    def _begun(self) -> list[str]:
        return list_begun(Path(self.runs.results, "predictions"), self.forecast_runs())

    def _is_forecast(self, run: Run) -> bool:
        return self._count(run) == self._count(self._largest) and (run.mix, run.schedule) in self._curves

    @cached_property
    def _largest(self) -> Run:
        return self.study.runs()[-1]

    @cached_property
    def _runs_of_curves(self) -> list[Run]:
        return [run for run in self.study.runs() if (run.mix, run.schedule) in self._curves]

    @cached_property
    def _curves(self) -> list[tuple[str, str]]:
        """Curves (mix, schedule) that reach the largest size and have smaller ones enough."""
        largest = self._count(self._largest)
        counts: dict[tuple[str, str], set[int]] = {}
        for run in self.study.runs():
            counts.setdefault((run.mix, run.schedule), set()).add(self._count(run))
        return sorted(c for c, has in counts.items() if largest in has and len(has) > LEAST_SMALLER_SIZES)

    def _count(self, run: Run) -> int:
        return self.study.sizes[run.size].n_nonembedding


def restore_forecasts(results: str) -> None:
    """Write `predictions.json` anew where it was deleted and its forecasts are still there.

    Without the file Snakemake would begin the largest runs anew, although they read none of it.
    """
    try:
        restore_index(Path(results, "predictions"), Path(results, "predictions.json"))
    except UserError as error:
        fail(str(error))
