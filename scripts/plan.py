"""Price a study and tell what of it would run: plan.csv, plan.md and the terminal."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.pricing.dry_run import read_dry_run
from tenbin.pricing.page import make_plan, publish_plan
from tenbin.pricing.refusals import refuse_impossible_jobs
from tenbin.study.model import Study


def main() -> None:
    """Parse arguments, publish the plan, and refuse what cannot run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Study.model_validate_json, required=True, help="the checked study (JSON)")
    parser.add_argument("--csv", type=Path, required=True, help="table to write, one row a run")
    parser.add_argument("--markdown", type=Path, required=True, help="page to write")
    parser.add_argument("--dry-run", nargs=argparse.REMAINDER, required=True, help="command that lists planned jobs")
    args = parser.parse_args()
    plan = make_plan(args.study, read_dry_run(args.dry_run))
    print(publish_plan(plan, args.csv, args.markdown))
    refuse_impossible_jobs(plan.prices)


if __name__ == "__main__":
    command(main)
