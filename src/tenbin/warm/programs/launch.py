"""Run the script of this link's name by a warm worker: all other names in this folder lead to this file."""

import sys
from pathlib import Path

# Without PYTHONPATH too, which Snakemake takes from jobs that run in an environment made by conda.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tenbin.warm.client import main

if __name__ == "__main__":
    main()
