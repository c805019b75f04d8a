"""What the workflow asks before anything runs: the checked study, and every file's inputs.

Nothing heavy is imported here: planning must cost hardly more than Snakemake's own.
"""

from tenbin.planning.configuration import load_study
from tenbin.planning.environment import export_environment
from tenbin.planning.finding_inputs import FindingInputs
from tenbin.planning.forecast_inputs import ForecastInputs, restore_forecasts
from tenbin.planning.outcome import repeat_errors
from tenbin.planning.run_inputs import RunInputs
from tenbin.planning.sources import digest_claims, digest_sources
from tenbin.planning.text_inputs import TextInputs
from tenbin.planning.wildcards import repeat_flag

__all__ = [
    "FindingInputs",
    "ForecastInputs",
    "RunInputs",
    "TextInputs",
    "digest_claims",
    "digest_sources",
    "export_environment",
    "load_study",
    "repeat_errors",
    "repeat_flag",
    "restore_forecasts",
]
