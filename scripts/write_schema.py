"""Write the JSON schema of the config, generated from the pydantic models."""

import argparse
import json
from pathlib import Path

from tenbin.errors import command
from tenbin.files import write_bytes
from tenbin.study.schema import config_schema


def main() -> None:
    """Parse arguments and write the schema."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the schema to write")
    args = parser.parse_args()
    write_bytes(args.out, json.dumps(config_schema(), indent=1, ensure_ascii=False).encode() + b"\n")


if __name__ == "__main__":
    command(main)
