"""One measurement of tokenizing: processor seconds of one program over one shard, its imports left out."""

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tenbin.neox.importing import make_importable
from tenbin.tokens.encoding import tokenize_shard


def main() -> None:
    """Tokenize and print the seconds."""
    program, folder, tokenizer = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    tokenize = {"tenbin": tenbin, "neox": neox}[program](folder, tokenizer)
    started = time.process_time()
    tokenize()
    print(f"\n{time.process_time() - started}")


def tenbin(folder: Path, tokenizer: Path) -> Callable[[], None]:
    """Return our way."""
    return lambda: tokenize_shard(
        folder / "00000.jsonl.zst",
        tokenizer,
        folder / "tokenizer.json",
        bin_path=folder / "tenbin.bin",
        idx_path=folder / "tenbin.idx",
        record_path=folder / "tenbin.json",
        threads=1,
    )


def neox(folder: Path, tokenizer: Path) -> Callable[[], None]:
    """Return the way of GPT-NeoX's own program, in one process as ours."""
    home = Path(os.environ["TENBIN_NEOX_HOME"])
    make_importable(str(home))
    sys.path.insert(0, str(home / "tools" / "datasets"))
    program = import_module("preprocess_data")
    arguments = ["--input", folder / "00000.jsonl.zst", "--tokenizer-type", "HFTokenizer", "--vocab-file", tokenizer]
    arguments += ["--append-eod", "--output-prefix", folder / "neox"]

    def tokenize() -> None:
        program.main([str(argument) for argument in arguments])
        for end in (".bin", ".idx"):  # the program adds to the prefix it was given
            (folder / f"neox_text_document{end}").replace(folder / f"neox{end}")

    return tokenize


if __name__ == "__main__":
    main()
