"""Extract the documents of one source file that belong to one split."""

import argparse
from pathlib import Path

from tenbin.corpora.extraction import TEXT_CORPUS, extract_documents
from tenbin.errors import command


def main() -> None:
    """Parse arguments and extract the documents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="entry of `corpora`, of kind package, hub or files (JSON)")
    parser.add_argument("--split", choices=("train", "valid"), required=True)
    parser.add_argument("--source", type=Path, required=True, help="the archive, downloaded file or local file")
    parser.add_argument("--source-name", required=True, help="its original name, which tells its compression")
    parser.add_argument("--source-record", type=Path, help="its record (JSON), if it was fetched")
    parser.add_argument("--documents", type=Path, required=True, help="the shard to write (.jsonl.zst)")
    parser.add_argument("--record", type=Path, required=True, help="its record (JSON)")
    args = parser.parse_args()
    corpus = TEXT_CORPUS.validate_json(args.corpus)
    extract_documents(
        corpus=corpus,
        split=args.split,
        source=args.source,
        source_name=args.source_name,
        source_record=args.source_record,
        documents=args.documents,
        record=args.record,
    )


if __name__ == "__main__":
    command(main)
