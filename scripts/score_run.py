"""Score a trained model on a validation set: its losses in nats and bits, and by document and script."""

import argparse
from pathlib import Path

from tenbin.errors import command
from tenbin.evaluation.losses import RunFiles, ValidFiles, score_run
from tenbin.study.catalogue import Valid


def main() -> None:
    """Parse the command line and score the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=Path, required=True, help="spec.json of the run")
    parser.add_argument("--done", type=Path, required=True, help="done.json of the run")
    parser.add_argument("--model", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--valid-id", required=True, help="id of the validation set")
    parser.add_argument("--valid", type=Valid.model_validate_json, required=True, help="its catalogue entry, JSON")
    parser.add_argument("--tokens", type=Path, required=True, help="its .bin and .idx without their endings")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json that made the tokens")
    parser.add_argument("--tokenizer-record", type=Path, required=True, help="JSON that describes it")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--losses", type=Path, required=True, help="JSON to write")
    parser.add_argument("--documents", type=Path, required=True, help="Parquet table to write")
    given = parser.parse_args()
    run = RunFiles(given.spec, given.done, given.model)
    files = ValidFiles(given.tokens, given.tokenizer, given.tokenizer_record)
    score_run(
        run,
        given.valid_id,
        given.valid,
        files,
        threads=given.threads,
        losses=given.losses,
        documents=given.documents,
    )


if __name__ == "__main__":
    command(main)
