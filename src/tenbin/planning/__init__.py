"""What the workflow asks before anything runs: the checked study, and every file's inputs.

Nothing heavy is imported here: planning must cost hardly more than Snakemake's own.
"""

from tenbin.planning.configuration import load_study
from tenbin.planning.environment import export_environment
from tenbin.planning.inputs import Inputs, repeat_flag
from tenbin.planning.outcome import repeat_errors
from tenbin.planning.sources import digest_sources

__all__ = ["Inputs", "digest_sources", "export_environment", "load_study", "repeat_errors", "repeat_flag"]
